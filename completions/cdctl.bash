# bash completion for cdctl, by cdctl itself: every candidate comes from `cdctl __complete` (docs/completion.md).
#
#   source <(cdctl completion bash)          # in ~/.bashrc, where it is not installed
#   complete -o nosort -F _cdctl c           # for an alias c of cdctl

_cdctl() {
  local width=0 directive
  case $COMP_TYPE in 33 | 63 | 64) width=${COLUMNS:-80} ;; esac # readline is about to list them
  mapfile -t COMPREPLY < <(command cdctl __complete bash -- "${COMP_LINE:0:COMP_POINT}" "$2" "$width" 2>/dev/null)
  ((${#COMPREPLY[@]})) || return 0
  directive=${COMPREPLY[-1]}
  unset 'COMPREPLY[-1]'
  [[ $directive != *nospace* ]] || compopt -o nospace
  [[ $directive != *files* ]] || compopt -o default
  [[ $directive != *folders* ]] || compopt -o dirnames
}
complete -o nosort -F _cdctl cdctl
