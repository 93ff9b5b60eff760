#!/usr/bin/env bash
# Thirty proposals and two landers under fire, over ssh, by a server of our own.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/thirty.bash"
. "$(dirname "$0")/../lib/sshd.bash"
begin
start_sshd || { printf 'skipped: there is no sshd; scripts/bootstrap installs it\n' >&2; exit 0; }
export GIT_SSH_COMMAND=$ssh_words
thirty "ssh://$(id -un)@127.0.0.1:$port$work/origin.git"
