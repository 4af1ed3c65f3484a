/** Looks at the repository that is to be released: its tree, its branch, its manifest. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { changelogFindings } from './changelog.mjs'

/** Tells what keeps the repository in the current folder from being released: sentences, none if all is well. */
export function stateFindings() {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  const { version } = manifest
  return [
    ...treeFindings(),
    ...tagFindings(version),
    ...manifestFindings(manifest),
    ...changelogFindings(readFileSync('CHANGELOG.md', 'utf8'), version, new Date().toISOString().slice(0, 10)),
  ]
}

function treeFindings() {
  const found = []
  if (git('status', '--porcelain') !== '') found.push('The working tree has changes that are not committed.')
  const branch = git('rev-parse', '--abbrev-ref', 'HEAD')
  if (branch !== 'main') found.push(`The branch is ${branch}: releases are made of main.`)
  const remote = git('for-each-ref', '--format=%(objectname)', 'refs/remotes/origin/main')
  if (remote !== '' && remote !== git('rev-parse', 'HEAD')) found.push('main is not what origin has as main.')
  return found
}

function tagFindings(version) {
  return git('tag', '--list', `v${version}`) === '' ? [] : [`The tag v${version} is there already: raise the version.`]
}

function manifestFindings({ version, name, private: isPrivate, repository }) {
  const found = []
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) found.push(`package.json has no version: ${version}.`)
  if (isPrivate) found.push('package.json says that the package is private.')
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  if (lock.version !== version || lock.packages?.['']?.version !== version) {
    found.push(`package-lock.json is not of version ${version}: run npm install.`)
  }
  if (lock.name !== name) found.push(`package-lock.json is not of ${name}.`)
  // What a provenance statement names has to be what the manifest names: the registry compares them.
  if (typeof (repository?.url ?? repository) !== 'string') {
    found.push('package.json names no repository, to which a provenance statement is bound.')
  }
  return found
}

function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8' }).trim()
}
