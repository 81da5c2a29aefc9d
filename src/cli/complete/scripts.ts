/** A text in which `\${` stands for `${`, and every other backslash for itself. */
const shell = ({ raw }: TemplateStringsArray): string => raw[0]!.replaceAll('\\${', '${');

/** The shells that we complete in, and what they have to run. All ask `p2pctl __complete`, which knows live names. */
export const completionScripts: Readonly<Record<'bash' | 'zsh' | 'fish', string>> = {
  // Readline breaks words at = and @ too; the line is split at blanks, and what stands before the last break taken off.
  bash: shell`# p2pctl completion for bash
_p2pctl() {
  local line="\${COMP_LINE:0:COMP_POINT}" current cut out directive candidate
  local -a words=()
  read -ra words <<<"$line"
  if [[ $line == *[[:space:]] ]]; then words+=(''); fi
  current="\${words[\${#words[@]} - 1]}"
  out="$("\${words[0]/#\~/$HOME}" __complete "\${words[@]:1}" 2>/dev/null)" || return
  directive="\${out##*:}"
  out="\${out%:*}"
  cut="\${current%"$2"}"
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    if [[ -n $candidate ]]; then COMPREPLY+=("\${candidate#"$cut"}"); fi
  done <<<"$out"
  if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
  if (((directive & 4) == 0)); then compopt -o default 2>/dev/null; fi
}
complete -F _p2pctl p2pctl
`,
  zsh: shell`#compdef p2pctl
# p2pctl completion for zsh
_p2pctl() {
  local out directive line word
  local -a candidates space
  out="$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)" || return 1
  directive="\${out##*:}"
  out="\${out%:*}"
  for line in "\${(@f)out}"; do
    [[ -n $line ]] || continue
    word="\${line%%$'\t'*}"
    if [[ $line == *$'\t'* ]]; then
      candidates+=("\${word//:/\\:}:\${line#*$'\t'}")
    else
      candidates+=("\${word//:/\\:}")
    fi
  done
  if ((directive & 2)); then space=(-S ''); fi
  if ((\${#candidates})); then
    _describe p2pctl candidates "\${space[@]}"
  elif (((directive & 4) == 0)); then
    _files
  fi
}
if [ "$funcstack[1]" = _p2pctl ]; then _p2pctl; else compdef _p2pctl p2pctl; fi
`,
  fish: shell`# p2pctl completion for fish
function __p2pctl_complete
    set -l current (commandline -ct)
    set -l typed (commandline -opc) "$current"
    set -l answer ($typed[1] __complete $typed[2..-1] 2>/dev/null)
    or return
    if test (count $answer) -gt 1
        printf '%s\n' $answer[1..-2]
    else if test "$answer[1]" = ':0'
        __fish_complete_path "$current"
    end
end
complete -c p2pctl -f -a '(__p2pctl_complete)'
`,
};
