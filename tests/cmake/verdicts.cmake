# What the decider's verdicts are worth on labelled traces: a test, and scripts/verdicts.
add_library(verdict_traces STATIC tools/verdict_traces.cpp tools/verdict_score.cpp)
target_link_libraries(verdict_traces PUBLIC cdctl_breaker PRIVATE cdctl_warnings)
# Four hundred traces take their time in a debug build: a program of its own, with a longer timeout.
cdctl_unit_room(verdicts LIBRARIES verdict_traces TIMEOUT 900)

add_executable(verdict-corpus tools/verdict_corpus.cpp)
target_link_libraries(verdict-corpus PRIVATE verdict_traces cdctl_warnings)
cdctl_host(verdict-corpus)
set_target_properties(verdict-corpus PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
