# One private RabbitMQ for all tests of a run. A test that needs it says `FIXTURES_REQUIRED broker` and reads its address
# (AMQP_URL HTTP_URL AMQP_PORT HTTP_PORT NODE PID DIR) from CDCTL_BROKER_ENV. It shares the broker with others: names of
# its own, no restart.
set(CDCTL_BROKER_ENV ${CMAKE_BINARY_DIR}/tests/broker.env)
set(broker_fixture ${CMAKE_CURRENT_SOURCE_DIR}/support/broker_fixture.bash)
set(broker_arguments ${CMAKE_BINARY_DIR}/tests/broker ${CDCTL_BROKER_ENV})

add_test(NAME broker.start COMMAND ${broker_fixture} start ${broker_arguments})
add_test(NAME broker.stop COMMAND ${broker_fixture} stop ${broker_arguments})
set_tests_properties(broker.start PROPERTIES FIXTURES_SETUP broker TIMEOUT 300)
set_tests_properties(broker.stop PROPERTIES FIXTURES_CLEANUP broker TIMEOUT 30)
# It is this machine's, whatever the environment says: the other one is a fixture of its own.
set(CDCTL_HERE CDCTL_BROKER_ROOT=unset:)
set_tests_properties(broker.start broker.stop PROPERTIES ENVIRONMENT_MODIFICATION "${CDCTL_HERE}")

# Beside it the RabbitMQ of the root that $CDCTL_BROKER_ROOT names when ctest runs. Tests with the label `rabbit4` are the same ones on
# that; without a root they are skipped.
set(CDCTL_BROKER4_ENV ${CMAKE_BINARY_DIR}/tests/broker4.env)
set(broker4_arguments ${CMAKE_BINARY_DIR}/tests/broker4 ${CDCTL_BROKER4_ENV})
set(with_broker_root ${CMAKE_CURRENT_SOURCE_DIR}/support/with_broker_root.bash)
add_test(NAME broker4.start COMMAND ${broker_fixture} start-if-there ${broker4_arguments})
add_test(NAME broker4.stop COMMAND ${broker_fixture} stop ${broker4_arguments})
set_tests_properties(broker4.start PROPERTIES FIXTURES_SETUP broker4 TIMEOUT 400)
set_tests_properties(broker4.stop PROPERTIES FIXTURES_CLEANUP broker4 TIMEOUT 30)

# cdctl_test_on_root(NAME TIMEOUT_S LABELS label… ENVIRONMENT VAR=value… COMMAND word…)
function(cdctl_test_on_root name timeout)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "LABELS;ENVIRONMENT;COMMAND")
  add_test(NAME rabbit4.${name} COMMAND ${with_broker_root} ${arg_COMMAND})
  set_tests_properties(rabbit4.${name} PROPERTIES LABELS "rabbit4;${arg_LABELS}" TIMEOUT ${timeout} COST ${timeout}
    ENVIRONMENT "${arg_ENVIRONMENT}" FIXTURES_REQUIRED broker4 SKIP_RETURN_CODE 77)
endfunction()
