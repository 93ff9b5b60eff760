#!/usr/bin/env bash
# The latency bench while 20,000 harmless signals a second go through the same feed and the same breaker.
CDCTL_BENCH_STORM=${CDCTL_BENCH_STORM:-20000} exec "$(dirname "$0")/latency.bash"
