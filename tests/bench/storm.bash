#!/usr/bin/env bash
# The latency bench while 20,000 harmless signals a second go through the same feed and the same breaker: 20 of them in a
# message, as who says so much would send them, and then each in a message of its own.
failed=0
for storm in ${CDCTL_BENCH_STORM:-20000/20 20000}; do
  CDCTL_BENCH_STORM=$storm "$(dirname "$0")/latency.bash" || failed=1
done
exit $failed
