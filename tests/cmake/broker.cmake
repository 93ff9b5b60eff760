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
