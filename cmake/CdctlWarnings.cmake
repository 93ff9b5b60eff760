# Warnings for our own targets; errors only where a preset says so.
add_library(cdctl_warnings INTERFACE)
target_compile_options(cdctl_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wnull-dereference -Wformat=2
  # GCC 12 warns of uses that its own library's std::string and std::variant make under -O2
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-null-dereference -Wno-maybe-uninitialized>
  $<$<BOOL:${CDCTL_WARNINGS_AS_ERRORS}>:-Werror>)
