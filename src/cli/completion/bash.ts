/** The script for bash, and for zsh, which reads it as bash does. */
import type { Kind, Words } from './words.ts'

/** Writes the script for bash 3.2 and later. */
export function bashScript(commands: readonly Words[]): string {
  const firsts = [...new Set(commands.map(({ name }) => name.split(' ', 1)[0] ?? ''))]
  const groups = [...new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ', 1)[0] ?? ''] : [])))]
  const options = commands.flatMap((command) => command.options)
  const withText = options.filter(({ takes }) => takes !== undefined)
  const kinds = new Map(
    withText.flatMap(
      ({ name, short, takes = 'any' }) =>
        [[`--${name}`, takes], ...(short === undefined ? [] : [[`-${short}`, takes]])] as [string, Kind][],
    ),
  )
  return `# bash completion of latchkey; made by: latchkey completion bash
_latchkey() {
  local typed cur prev before= command= count=0 skip= i word
  local IFS=$'\\n'
  COMPREPLY=()
  _latchkey_typed
  cur=\${typed[\${#typed[@]}-1]}
  _latchkey_complete
  # A reply takes the place of what bash has for the word, which begins after its last = or :.
  word=\${COMP_WORDS[COMP_CWORD]}
  [[ $word != *[!=:]* ]] && word=
  word=\${typed[\${#typed[@]}-1]%"$word"}
  for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do
    COMPREPLY[i]=$before\${COMPREPLY[i]}
    COMPREPLY[i]=\${COMPREPLY[i]#"$word"}
  done
}
# The words as they were typed: bash takes them apart at = and :.
_latchkey_typed() {
  local line=$COMP_LINE rest
  typed=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    rest=\${line#"\${line%%[![:space:]]*}"}
    if [[ $i == 0 || $rest != "$line" || -z $rest ]]; then typed+=("$word")
    else typed[\${#typed[@]}-1]+=$word; fi
    line=\${rest#"$word"}
  done
}
_latchkey_complete() {
  prev=\${typed[\${#typed[@]}-2]}
  for ((i = 1; i < \${#typed[@]} - 1; i++)); do
    word=\${typed[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case $word in
      --) COMPREPLY=($(compgen -c -f -- "$cur")); return ;;
      ${[...kinds.keys()].join('|')}) skip=1 ;;
      -*) ;;
      *) case $command in
           '') command=$word ;;
           ${groups.length === 0 ? "' '" : groups.join('|')}) command="$command $word" ;;
           *) count=$((count + 1)) ;;
         esac ;;
    esac
  done
  if [[ -z $skip && $cur == --*=* ]]; then
    prev=\${cur%%=*} before=\${cur%%=*}= cur=\${cur#*=} skip=1
  fi
  if [[ -n $skip ]]; then
    case $prev in
${caseLines(kinds)}
    esac
    return
  fi
  case $command in
    '') _latchkey_words '${firsts.join(' ')} --help --version' ;;
${groups.map((group) => `    ${group}) _latchkey_words '${commands.flatMap(({ name }) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : [])).join(' ')}' ;;`).join('\n')}
${commands.map(commandLine).join('\n')}
  esac
}
_latchkey_words() {
  local IFS=$' \\n'
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
_latchkey_files() {
  # zsh takes the beginning of a file's path from these.
  local PREFIX=$cur IPREFIX= SUFFIX= ISUFFIX=
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}
_latchkey_secrets() {
  COMPREPLY=($(compgen -W "$(latchkey completion secrets -- "\${typed[@]}" 2>/dev/null </dev/null)" -- "$cur"))
}
complete -F _latchkey latchkey
`
}

/** Writes the script for zsh. */
export function zshScript(commands: readonly Words[]): string {
  return `#compdef latchkey
# zsh completion of latchkey; made by: latchkey completion zsh
autoload -U +X compinit && { whence compdef >/dev/null || compinit; }
autoload -U +X bashcompinit && bashcompinit
${bashScript(commands).split('\n').slice(1).join('\n')}`
}

function commandLine({ name, options, first, takesProgram }: Words): string {
  const words = options.map((option) => `--${option.name}`).join(' ') + (takesProgram ? ' --' : '')
  const argument = completing(first)
  return `    '${name}') if [[ $cur != -* && $count == 0 ]]; then ${argument}; else _latchkey_words '${words}'; fi ;;`
}

/** Which options are completed how, one line for each way. */
function caseLines(kinds: ReadonlyMap<string, Kind>): string {
  const byWay = new Map<string, string[]>()
  for (const [option, kind] of kinds) byWay.set(completing(kind), [...(byWay.get(completing(kind)) ?? []), option])
  return Array.from(byWay, ([way, names]) => `      ${names.join('|')}) ${way} ;;`).join('\n')
}

function completing(kind: Kind): string {
  if (typeof kind !== 'string') return `_latchkey_words '${kind.join(' ')}'`
  return { file: '_latchkey_files', secret: '_latchkey_secrets', any: ':' }[kind]
}
