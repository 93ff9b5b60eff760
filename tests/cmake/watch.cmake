# For people who watch.
cdctl_unit_test(outcome_log LIBRARIES cdctl_front)
cdctl_host(test_outcome_log)
cdctl_story(watch 240 BROKER)
