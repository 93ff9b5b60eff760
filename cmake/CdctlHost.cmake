# The version of the plugin interface, from the one place that says it.
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/sdk/include/cdctl/plugin.hpp CDCTL_INTERFACE REGEX "^#define CDCTL_INTERFACE [0-9]+$")
string(REGEX REPLACE "[^0-9]" "" CDCTL_INTERFACE "${CDCTL_INTERFACE}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/sdk/include/cdctl/plugin.hpp)

# cdctl_host(TARGET): a program that loads plugins opens the gate that one of another interface version does not find.
function(cdctl_host target)
  target_link_options(${target} PRIVATE LINKER:--export-dynamic-symbol=cdctl_interface_${CDCTL_INTERFACE})
endfunction()
