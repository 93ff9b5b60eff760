# A compiler cache and a fast linker, where the machine has them.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()

# cdctl_precompile(TARGET): where no cache remembers what was compiled, a library reads the headers that most of its files share only
# once, which saves a third of a build from nothing. A cache would have to be told to trust that.
if(CMAKE_CXX_COMPILER_LAUNCHER OR CMAKE_CXX_CLANG_TIDY OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(precompile OFF)
else()
  set(precompile ON)
endif()
option(CDCTL_PRECOMPILE "Precompile the headers that most files share" ${precompile})
function(cdctl_precompile target)
  if(CDCTL_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <charconv> <chrono> <filesystem> <functional> <map> <memory> <optional>
      <set> <span> <string> <string_view> <vector> <fmt/format.h> <cdctl/fs.hpp> <cdctl/host.hpp> <cdctl/json.hpp> <cdctl/names.hpp>
      <cdctl/process.hpp> <cdctl/roles.hpp> <cdctl/time.hpp>)
    # GCC 12 forgets that they are the system's, and warns of what std::string does inside
    target_compile_options(${target} PRIVATE -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endfunction()
