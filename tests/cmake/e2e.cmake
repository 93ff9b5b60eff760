# The end-to-end stories: tests/e2e/NAME.bash, with the real program, real repositories, a real broker and real workers.
if(NOT TARGET demo-worker)
  add_subdirectory(${CMAKE_SOURCE_DIR}/examples/demo ${CMAKE_BINARY_DIR}/examples/demo)
endif()

# cdctl_story(NAME TIMEOUT_S [BROKER]): BROKER = uses the broker of the ctest run. Those that may take longest start first, so
# that none of them runs alone at the end.
function(cdctl_story name timeout)
  add_test(NAME e2e.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/e2e/${name}.bash)
  set_tests_properties(e2e.${name} PROPERTIES LABELS e2e TIMEOUT ${timeout} COST ${timeout} ENVIRONMENT
    "CDCTL_BUILD_DIR=${CMAKE_BINARY_DIR};CDCTL_SOURCE_DIR=${CMAKE_SOURCE_DIR};CDCTL_BROKER_ENV=${CDCTL_BROKER_ENV}")
  if("BROKER" IN_LIST ARGN)
    set_tests_properties(e2e.${name} PROPERTIES FIXTURES_REQUIRED broker)
  endif()
endfunction()

cdctl_story(pipeline 180 BROKER)
cdctl_story(loss 600 BROKER)
cdctl_story(loss_faults 600)
cdctl_story(crash 900 BROKER)
cdctl_story(crash_without_broker 600)
cdctl_story(two_deploys 120 BROKER)
cdctl_story(broker_restart 300)
cdctl_story(stdin 180)
cdctl_story(spool 120)
cdctl_story(hell 180)
cdctl_story(guards 180)
cdctl_story(guards_broker 180 BROKER)
cdctl_story(decisions 180)
cdctl_story(unreachable 120)
cdctl_story(formats 180)
cdctl_story(engine 180)
cdctl_story(completion 600)
cdctl_story(recipes 240)
cdctl_story(ci_examples 240)
cdctl_story(manners 120)
cdctl_story(doctor 120 BROKER)
cdctl_story(trial 300 BROKER)
cdctl_story(race 300 BROKER)
cdctl_story(mojo_run 300)
cdctl_story(mojo_story 240 BROKER)

# Every command in the manual is one that the program has.
add_test(NAME docs.commands COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/tools/docs_commands.py ${CMAKE_SOURCE_DIR} $<TARGET_FILE:cdctl>)
