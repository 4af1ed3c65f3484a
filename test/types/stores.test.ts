import type { Secret, SecretInfo, WritableSecretStore } from 'latchkey'
import type * as latchkey from 'latchkey'
import * as aws from 'latchkey/stores/aws'
import * as directory from 'latchkey/stores/directory'
import * as etcd from 'latchkey/stores/etcd'
import * as postgres from 'latchkey/stores/postgres'
import * as redis from 'latchkey/stores/redis'
import * as vault from 'latchkey/stores/vault'
import { describe, expectTypeOf, test } from 'vitest'

test('a store in memory begins with secrets by name', () => {
  expectTypeOf<Parameters<typeof latchkey.memoryStore>>().toEqualTypeOf<[initial?: latchkey.InitialSecrets]>()
  expectTypeOf<{ gh: { TOKEN: string } }>().toExtend<latchkey.InitialSecrets>()
  expectTypeOf<{ gh: { TOKEN: number } }>().not.toExtend<latchkey.InitialSecrets>()
})

describe('each store on an engine', () => {
  test('is made of its options', () => {
    expectTypeOf(aws.awsStore).toEqualTypeOf<(options?: aws.AwsStoreOptions) => aws.AwsStore>()
    expectTypeOf(directory.directoryStore).toEqualTypeOf<
      (options: directory.DirectoryStoreOptions) => directory.DirectoryStore
    >()
    expectTypeOf(etcd.etcdStore).toEqualTypeOf<(options: etcd.EtcdStoreOptions) => etcd.EtcdStore>()
    expectTypeOf(redis.redisStore).toEqualTypeOf<(options: redis.RedisStoreOptions) => redis.RedisStore>()
    expectTypeOf(vault.vaultStore).toEqualTypeOf<(options: vault.VaultStoreOptions) => vault.VaultStore>()
  })

  test('can be written, but for a directory, and gives what every store gives', () => {
    expectTypeOf<aws.AwsStore>().toExtend<Required<WritableSecretStore>>()
    expectTypeOf<vault.VaultStore>().toExtend<Required<WritableSecretStore>>()
    expectTypeOf<etcd.EtcdStore>().toExtend<Required<WritableSecretStore>>()
    expectTypeOf<redis.RedisStore>().toExtend<WritableSecretStore>()
    expectTypeOf<postgres.PostgresStore>().toExtend<WritableSecretStore>()
    expectTypeOf<directory.DirectoryStore>().not.toExtend<WritableSecretStore>()
    expectTypeOf<directory.DirectoryStore['describe']>().returns.toEqualTypeOf<SecretInfo | undefined>()
    expectTypeOf<vault.VaultStore['get']>().returns.toEqualTypeOf<Promise<Secret | undefined>>()
  })

  test('that seals has a key to rotate', () => {
    expectTypeOf<redis.SealingStore>().toEqualTypeOf<latchkey.SealingStore>()
    expectTypeOf<etcd.SealingStore>().toEqualTypeOf<latchkey.SealingStore>()
    expectTypeOf<postgres.SealingStore>().toEqualTypeOf<latchkey.SealingStore>()
    expectTypeOf<redis.RotateKeyOptions>().toEqualTypeOf<latchkey.RotateKeyOptions>()
    expectTypeOf<etcd.RotateKeyOptions>().toEqualTypeOf<latchkey.RotateKeyOptions>()
    expectTypeOf<postgres.RotateKeyOptions>().toEqualTypeOf<latchkey.RotateKeyOptions>()
    expectTypeOf<redis.RotationProgress>().toEqualTypeOf<latchkey.RotationProgress>()
    expectTypeOf<etcd.RotationProgress>().toEqualTypeOf<latchkey.RotationProgress>()
    expectTypeOf<postgres.RotationProgress>().toEqualTypeOf<latchkey.RotationProgress>()
    expectTypeOf<latchkey.SealingStore>().toExtend<redis.EngineStore>()
    expectTypeOf<latchkey.SealingStore>().toExtend<etcd.EngineStore>()
    expectTypeOf<latchkey.SealingStore>().toExtend<postgres.EngineStore>()
  })
})

test('PostgreSQL is sealed unless plaintext is asked for', () => {
  const sealed = (options: postgres.SealedPostgresOptions) => postgres.postgresStore(options)
  const plain = (options: postgres.PlainPostgresOptions) => postgres.postgresStore(options)
  expectTypeOf(sealed).returns.toEqualTypeOf<postgres.PostgresStore>()
  expectTypeOf(plain).returns.toEqualTypeOf<postgres.PlainPostgresStore>()
  expectTypeOf(postgres.postgresStore).returns.toExtend<postgres.Migration>()
  expectTypeOf<postgres.PlainPostgresStore>().not.toExtend<postgres.SealingStore>()
  expectTypeOf<postgres.PostgresStoreOptions>().toEqualTypeOf<
    postgres.SealedPostgresOptions | postgres.PlainPostgresOptions
  >()
  expectTypeOf<postgres.PostgresStoreOptions['prepare']>().toEqualTypeOf<boolean | undefined>()
  expectTypeOf<postgres.PostgresStoreOptions['client']>().toEqualTypeOf<postgres.PostgresClient>()
  expectTypeOf<postgres.PostgresStoreOptions['listen']>().toEqualTypeOf<postgres.PostgresListen | undefined>()
  expectTypeOf<Awaited<ReturnType<postgres.PostgresListen>>>().toEqualTypeOf<postgres.PostgresConnection>()
})

test('clients are told by their shape, and options by their type', () => {
  expectTypeOf<redis.RedisClient>().toEqualTypeOf<
    redis.NodeRedisClient | redis.NodeRedisCluster | redis.IoredisClient
  >()
  expectTypeOf<aws.AwsStoreOptions['client']>().toEqualTypeOf<aws.SecretsManagerClientLike | undefined>()
  expectTypeOf<aws.AwsStoreOptions['credentials']>().toEqualTypeOf<
    aws.AwsCredentials | (() => Promise<aws.AwsCredentials>) | undefined
  >()
  expectTypeOf<vault.VaultStoreOptions['auth']>().toEqualTypeOf<
    vault.AppRoleLogin | vault.KubernetesLogin | undefined
  >()
  expectTypeOf<aws.Rename>().toEqualTypeOf<Readonly<Record<string, string>>>()
  expectTypeOf<vault.Rename>().toEqualTypeOf<aws.Rename>()
  expectTypeOf<directory.Rename>().toEqualTypeOf<aws.Rename>()
})
