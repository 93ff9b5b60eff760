#!/usr/bin/env bash
# Two sets on one queue, the bad one cut in mid-flow, again and again: what was confirmed is done, and after the command returned
# the cut set gets nothing and cannot come back. Half of the rounds cut with the broker alone, so that its workers stay alive and try.
. "$(dirname "$0")/../lib/common.bash"
begin broker
rounds=${CDCTL_STORY_ROUNDS:-20}
prefetched=$((2 * 10))   # workers × prefetch: what the clients may have had in hand when they were cut
make_trunk

connected() { [ "$(connections_of "$1")" = 2 ]; }
refused_more_than() { [ "$(count_of refused "$1")" -gt "$2" ]; }

# One round: $1 a set that is alive and uncut.
cut_in_mid_flow() {
  local set=$1 before after refused
  eventually 15 connected "$set"
  : >producer.ledger
  : >jobs.ledger
  produce 400 1000
  eventually 15 at_least delivery "$set" $((RANDOM % 100 + 1))
  expect_exit 0 cdctl break "$set" --why "round $round" </dev/null
  after=$(now_ms)
  expect_json '.[0] | .ok and .changed'
  expect_same "the limit of $set" "$(limit_of "$set")" 0
  expect_same "connections of $set" "$(connections_of "$set")" 0
  eventually 20 gone "$producer"
  expect_same "confirmed jobs" "$(confirmed_jobs)" 400
  eventually 20 nothing_missing
  if [ -n "$frozen" ]; then
    expect_same "deliveries to $set after the cut" "$(deliveries_after "$set" "$after")" 0
  else
    [ "$(deliveries_after "$set" "$after")" -le $prefetched ] || fail "$(deliveries_after "$set" "$after") deliveries after the cut"
    refused=$(count_of refused "$set")
    eventually 15 refused_more_than "$set" $((refused + 2))
    before=$(count_of delivery "$set")
    produce 100 1000
    eventually 20 gone "$producer"
    expect_same "deliveries to $set while it was cut" "$(count_of delivery "$set")" "$before"
  fi
  eventually 20 nothing_missing
  expect_exit 0 cdctl mend "$set" </dev/null
  expect_same "the limit of $set" "$(limit_of "$set")" none
}

for frozen in yes ""; do
  [ -n "$frozen" ] && switches='["rabbit", "local"]' || switches='["rabbit"]'
  make_service </dev/null
  good=$(deploy_one ok)
  bad=$(deploy_one ok)
  for ((round = 1; round <= rounds / 2; round++)); do cut_in_mid_flow "$bad"; done
  expect_exit 0 cdctl reap "$good" "$bad" --even-newest --even-last "$good" --even-last "$bad" </dev/null
done
