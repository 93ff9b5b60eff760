#pragma once

#include <array>

#include <cdctl/rows.hpp>

// The keys of [mojo]. Included by plugin.cpp alone.

namespace cdctl::mojo {

using plugin::KeyRow;
using enum plugin::KeyPlace;

constexpr std::array k_keys{
    KeyRow{both, "mojo", "table", "", "{ stage = \"production\" }", "deploy",
           "How Mojo specs are run", "mojo"},
    KeyRow{file, "mojo.root", "text", "mojo in the home", "\"/srv/mojo\"", "deploy mojo",
           "Of projects' secrets: ROOT/LOCAL/SERVICE/STAGE"},
    KeyRow{service, "mojo.stage", "text", "", "\"production\"", "deploy",
           "The part of the spec to deploy by, looked up from SPEC/STAGE towards SPEC"},
    KeyRow{service, "mojo.manifest", "text", "manifest", "\"manifest-small\"", "deploy",
           "The manifest's file name"},
    KeyRow{service, "mojo.series", "text", "", "\"noble\"", "deploy",
           "$MOJO_SERIES of its scripts and templates"},
    KeyRow{service, "mojo.runner", "word", "native", "\"mojo\"", "deploy",
           "native, or mojo: one that is installed"},
};

}  // namespace cdctl::mojo
