# Completes pipeline in bash: eval "$(pipeline completion bash)" in ~/.bashrc.
_pipeline() {
  local line="${COMP_LINE:0:COMP_POINT}" program="${COMP_WORDS[0]/#\~/$HOME}"
  local words=() typed start paths value about
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  typed="${words[${#words[@]} - 1]}"
  # Readline's own word begins after these.
  start="${typed%"${typed##*[=:]}"}"
  COMPREPLY=()
  {
    IFS= read -r paths
    while IFS=$'\t' read -r value about; do
      COMPREPLY+=("${value#"$start"}")
    done
  } < <("$program" complete -- "${words[@]:1}" 2> /dev/null)
  # Older bashes than 4 have no compopt: they offer files everywhere.
  {
    case $paths in
      files) compopt -o default ;;
      folders) compopt +o default -o dirnames ;;
      *) compopt +o default ;;
    esac
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=.,] ]] && compopt -o nospace
  } 2> /dev/null
  return 0
}
complete -o default -F _pipeline pipeline
