#pragma once

#include <cdctl/plugin.hpp>

// What `cdctl juju …` runs; the rows are in rows.hpp.

namespace cdctl::juju {

int command_models(Host& host, const plugin::CommandArguments& given) noexcept;
int command_offers(Host& host, const plugin::CommandArguments& given) noexcept;
int command_status(Host& host, const plugin::CommandArguments& given) noexcept;
int command_units(Host& host, const plugin::CommandArguments& given) noexcept;

}  // namespace cdctl::juju
