# For people who watch: the log, the timeline, the live view.
foreach(name IN ITEMS outcome_log timeline top)
  cdctl_unit_test(${name} LIBRARIES cdctl_front)
  cdctl_host(test_${name})
endforeach()
cdctl_story(watch 240 BROKER)
