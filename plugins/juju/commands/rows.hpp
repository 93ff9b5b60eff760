#pragma once

#include <array>

#include <cdctl/args.hpp>
#include <cdctl/plugin.hpp>

#include "plugins/juju/commands/commands.hpp"

// The rows of `cdctl juju …`. Included by plugin.cpp alone: the descriptor needs their number.

namespace cdctl::juju {

using plugin::CommandRow;
using plugin::OptionRow;

constexpr OptionRow k_controller{
    "controller", "NAME",
    "as `juju controllers` lists it; default: [juju] controller, or Juju's choice", false};
constexpr OptionRow k_timeout{"timeout", "DURATION",
                              "of each question to the controller; default: 20s", false};

constexpr std::array k_options{k_controller, k_timeout};
constexpr std::array k_models_options{
    k_controller, k_timeout,
    OptionRow{"all", "", "those of other users, too (a controller's administrator)", false}};

constexpr std::array k_commands{
    CommandRow{"models", "", "lists the models of a controller",
               "cdctl juju models\ncdctl juju models --controller attic -o name", k_models_options,
               command_models},
    CommandRow{
        "status", "[MODEL…]",
        "what runs in models, a record an application: units up, down, bad, unknown",
        "cdctl juju status admin/thumbs\ncdctl juju status | jq -r 'select(.health==\"bad\").name'",
        k_options, command_status},
    CommandRow{"units", "MODEL [APPLICATION…]",
               "the units of a model, each judged by its own words",
               "cdctl juju units admin/thumbs\ncdctl juju units admin/thumbs 'thumbs-*' -o wide",
               k_options, command_units},
    CommandRow{"offers", "[MODEL…]", "what models offer to others, and who is connected",
               "cdctl juju offers admin/broker\ncdctl juju offers -o wide", k_options,
               command_offers},
};

}  // namespace cdctl::juju
