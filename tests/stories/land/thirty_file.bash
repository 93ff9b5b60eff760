#!/usr/bin/env bash
# Thirty proposals and two landers under fire, on a repository of this machine.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/thirty.bash"
begin
thirty "$work/origin.git"
