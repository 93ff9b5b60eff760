#!/usr/bin/env bash
# Thirty proposals and two landers under fire, through the stand-in of GitLab.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/crashes.bash"
. "$(dirname "$0")/../lib/landing.bash"
. "$(dirname "$0")/../lib/thirty.bash"
. "$(dirname "$0")/../lib/forge.bash"
. "$(dirname "$0")/../lib/thirty_forge.bash"
begin
thirty_at gitlab
