/**
 * The script of `rouse complete bash`. It needs no bash-completion package (many a server has none), takes words as the shell's user sees them
 * (COMP_WORDS is split at '=' and ':', too), and leaves files to readline where a verb takes files.
 */
export const BASH_COMPLETION = `# bash completion for rouse
_rouse() {
  local typed=\${COMP_LINE:0:COMP_POINT} words cur before line
  read -ra words <<< "$typed"
  [[ $typed == *[[:space:]] ]] && words+=('')
  cur=\${words[-1]}
  before=\${cur%"\${cur##*[=:]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r line _; do
    [[ $line == :[0-9]* ]] && continue
    # The value alone is the answer to --option=, the whole word to anything else.
    [[ $line == "$cur"* ]] && COMPREPLY+=("\${line#"$before"}") && continue
    [[ -n $before && $line == "\${cur#"$before"}"* ]] && COMPREPLY+=("$line")
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2> /dev/null)
  case \${words[1]} in
    verify | import | run | init | activate | proxy | generator) compopt -o default 2> /dev/null ;;
  esac
}
complete -F _rouse rouse
`;
