# Debian packages by CPack: `cdctl`, and `cdctl-dev` for authors of plugins. scripts/package builds both.
foreach(package IN ITEMS cdctl dev)
  set(doc ${CMAKE_INSTALL_DATAROOTDIR}/doc/cdctl)
  if(package STREQUAL "dev")
    set(doc ${CMAKE_INSTALL_DATAROOTDIR}/doc/cdctl-dev)
  endif()
  install(FILES packaging/copyright DESTINATION ${doc} COMPONENT ${package})
  install(FILES ${CMAKE_BINARY_DIR}/changelog.gz DESTINATION ${doc} COMPONENT ${package})
endforeach()
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/changelog.gz
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/packaging/changelog ${CMAKE_BINARY_DIR}/changelog
  COMMAND gzip -9nf ${CMAKE_BINARY_DIR}/changelog
  DEPENDS packaging/changelog VERBATIM)
add_custom_target(cdctl_changelog ALL DEPENDS ${CMAKE_BINARY_DIR}/changelog.gz)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cdctl)
# With any other text CPack puts the project's summary before that of each package.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_NAME} built using CMake")
# The changelog says who the maintainer is. Its newest entry is of this version, and so is the program in the package: cpack refuses
# to make a package of any other version.
set(changelog ${CMAKE_CURRENT_SOURCE_DIR}/packaging/changelog)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${changelog})
file(STRINGS ${changelog} newest_entry REGEX "^cdctl \\(" LIMIT_COUNT 1)
string(REGEX REPLACE "^cdctl \\(([^)]*)\\).*$" "\\1" newest_entry "${newest_entry}")
if(NOT newest_entry STREQUAL PROJECT_VERSION)
  message(FATAL_ERROR "the newest entry of packaging/changelog is of '${newest_entry}', and the project's version is ${PROJECT_VERSION}: add an entry for it")
endif()
file(STRINGS ${changelog} signature REGEX "^ -- " LIMIT_COUNT 1)
string(REGEX REPLACE "^ -- (.* <.*>)  .*$" "\\1" maintainer "${signature}")
set(CPACK_PACKAGE_CONTACT "${maintainer}" CACHE STRING "Maintainer of the packages")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CdctlPackageVersion.cmake @ONLY CONTENT [[
if(NOT CPACK_PACKAGE_VERSION STREQUAL "@PROJECT_VERSION@")
  message(FATAL_ERROR "this build is of cdctl @PROJECT_VERSION@: no package ${CPACK_PACKAGE_VERSION} can be made of it; set the version in CMakeLists.txt and build again")
endif()
]])
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_BINARY_DIR}/CdctlPackageVersion.cmake)

# The program of the next version, for the tests of an upgrade: all but the file that says the version is the same.
math(EXPR next_patch "${PROJECT_VERSION_PATCH} + 1")
set(next_version ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}.${next_patch})
add_executable(cdctl_next EXCLUDE_FROM_ALL cli/main.cpp cli/version.cpp)
target_compile_definitions(cdctl_next PRIVATE CDCTL_VERSION="${next_version}")
target_link_libraries(cdctl_next PRIVATE cdctl_front cdctl_warnings)
set_target_properties(cdctl_next PROPERTIES OUTPUT_NAME cdctl-${next_version} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/next)
cdctl_host(cdctl_next)

set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL cdctl dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)

set(CPACK_DEBIAN_CDCTL_PACKAGE_NAME cdctl)
set(CPACK_DEBIAN_CDCTL_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_CDCTL_PACKAGE_SHLIBDEPS ON)
# A plugin's package depends on this name: one of another interface cannot be installed beside this cdctl.
set(CPACK_DEBIAN_CDCTL_PACKAGE_PROVIDES cdctl-plugin-abi-${CDCTL_INTERFACE})
set(CPACK_DEBIAN_CDCTL_PACKAGE_RECOMMENDS git)
set(CPACK_DEBIAN_CDCTL_PACKAGE_SUGGESTS "brz, python3-jinja2, rabbitmq-server")
set(CPACK_DEBIAN_CDCTL_DESCRIPTION "continuous delivery of services on RabbitMQ queues
New revisions of a service go out beside the ones that run. Breakers cut a bad
one off from RabbitMQ and the world, and reapers remove the old ones. There is
no server: every decision is a filter, every action a verb, and a shell pipe
connects them.")

set(CPACK_COMPONENT_DEV_DEPENDS cdctl)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME cdctl-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "cdctl-plugin-abi-${CDCTL_INTERFACE}, libfmt-dev (>= 9), libmd-dev, libsimdjson-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "cmake (>= 3.25), g++ (>= 4:12)")
set(CPACK_DEBIAN_DEV_DESCRIPTION "continuous delivery of services on RabbitMQ queues: plugin development
What a plugin of cdctl is built with: headers, a static library, and a CMake
package with the function cdctl_add_plugin.")
include(CPack)
