#pragma once

// The roles that a plugin can offer, each in a header of its own. Every call takes a deadline and
// keeps it; every action may be repeated and says whether it changed anything; "could not ask" is
// exit code `unknown`, never an empty answer.
//
// What the host calls is never virtual: it guards the `do_` function behind it, which a plugin
// overrides, so that nothing thrown crosses the boundary.

#include <cdctl/roles/deployer.hpp>
#include <cdctl/roles/doctor.hpp>
#include <cdctl/roles/engine.hpp>
#include <cdctl/roles/feed.hpp>
#include <cdctl/roles/forge.hpp>
#include <cdctl/roles/memory.hpp>
#include <cdctl/roles/probe.hpp>
#include <cdctl/roles/repository.hpp>
#include <cdctl/roles/setup.hpp>
#include <cdctl/roles/sink.hpp>
#include <cdctl/roles/source.hpp>
#include <cdctl/roles/switch.hpp>
#include <cdctl/roles/unit_log.hpp>
