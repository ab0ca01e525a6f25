#compdef pipeline
# Completes pipeline in zsh: eval "$(pipeline completion zsh)" in ~/.zshrc, after compinit.
_pipeline() {
  local -a lines whole open
  local line value about
  lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" complete -- "${(@Q)words[2,CURRENT - 1]}" "${(Q)PREFIX}" 2> /dev/null)}")
  for line in "${(@)lines[2,-1]}"; do
    value="${line%%$'\t'*}" about="${line#*$'\t'}"
    if [[ $value == *[=.,] ]]; then
      open+=("${value//:/\\:}:$about")
    else
      whole+=("${value//:/\\:}:$about")
    fi
  done
  (( $#whole )) && _describe pipeline whole
  (( $#open )) && _describe pipeline open -S ''
  case $lines[1] in
    files) compset -P '*='; _files ;;
    folders) compset -P '*='; _files -/ ;;
  esac
}
compdef _pipeline pipeline
