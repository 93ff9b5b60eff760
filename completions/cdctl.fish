# fish completion for cdctl, by cdctl itself: every candidate comes from `cdctl __complete` (docs/completion.md).
#
#   cdctl completion fish >~/.config/fish/completions/cdctl.fish     # where it is not installed

function __cdctl_complete
    set -l answers (command cdctl __complete fish -- (commandline -cp | string collect) 2>/dev/null)
    test (count $answers) -gt 0; or return
    test (count $answers) -gt 1; and printf '%s\n' $answers[1..-2]
    set -l word (commandline -ct | string unescape; or commandline -ct | string replace -r '["\']' '')
    set -l before (string match -r -- '^-.*?=' $word)
    switch $answers[-1]
        case '*files*'
            __fish_complete_path (string sub -s (math (string length -- "$before") + 1) -- $word) | string replace -r '^' -- "$before"
        case '*folders*'
            __fish_complete_directories (string sub -s (math (string length -- "$before") + 1) -- $word) '' | string replace -r '^' -- "$before"
    end
end

complete -c cdctl -e
complete -c cdctl -k -f -a '(__cdctl_complete)'
