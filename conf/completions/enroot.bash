# Completion of enroot's command line for bash. Install it as
# /usr/share/bash-completion/completions/enroot.

_enroot() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]} commands options= word
  commands="batch bundle cache check create digest exec export help import info list load remove start version"
  COMPREPLY=()

  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    return
  fi
  case $command in
    bundle) options="--all --checksum --desc --output --target --force --help" ;;
    cache) options="--older-than --max-size --help" ;;
    create) options="--name --force --help" ;;
    digest) options="--arch --help" ;;
    exec) options="--env --help" ;;
    export) options="--output --force --help" ;;
    import) options="--arch --output --force --help" ;;
    list) options="--fancy --json --help" ;;
    load) options="--arch --name --force --help" ;;
    remove) options="--force --help" ;;
    start)
      options="--conf --env --rc --root --rw --mount --pid --net --ipc --uts --dry-run --help"
      ;;
    help)
      mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
      return
      ;;
    *) options="--help" ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  case $previous in
    -a | --arch)
      mapfile -t COMPREPLY < <(compgen -W "x86_64 aarch64 ppc64le" -- "$current")
      return
      ;;
    -e | --env)
      mapfile -t COMPREPLY < <(compgen -e -- "$current")
      return
      ;;
    -d | --desc | -n | --name) return ;;
  esac
  case $command in
    cache) mapfile -t COMPREPLY < <(compgen -W "list verify prune" -- "$current") ;;
    export | remove) mapfile -t COMPREPLY < <(compgen -W "$(enroot list 2> /dev/null)" -- "$current") ;;
    start)
      mapfile -t COMPREPLY < <(compgen -W "$(enroot list 2> /dev/null)" -- "$current")
      compopt -o default
      ;;
    exec) mapfile -t COMPREPLY < <(compgen -W "$(enroot list -f 2> /dev/null | awk 'NR > 1 && /^ / { print $1 } NR > 1 && /^[^ ]/ && NF > 1 { print $1, $2 }')" -- "$current") ;;
    digest | import | load) mapfile -t COMPREPLY < <(compgen -W "docker://" -- "$current") && compopt -o nospace ;;
    *) compopt -o default ;;
  esac
}

complete -F _enroot enroot
