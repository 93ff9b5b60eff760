#pragma once

#include <string>
#include <string_view>

#include "core/app/context.hpp"
#include "core/fleet/set_view.hpp"

namespace cdctl::fleet {

/// Exit code `refused` for a set of a service that is not configured here, unless the memory that
/// is asked here knows the set: then a person may say what becomes of it.
[[nodiscard]] Result<> refuse_foreign(const app::Context& context, const SetView& set);
/// Exit code `config` when the file of the service is broken; `failed`, with the nearest name, when
/// it has none here.
[[nodiscard]] Result<const ServiceConfig*> configured_service(app::Context& context,
                                                              std::string_view name);
/// The same of a name that a person has given. One that is not configured here and that an engine
/// or the memory knows is no typing error: then it is exit code `config`, and says where its sets
/// live. Exit code `usage` for what cannot be the name of one.
[[nodiscard]] Result<const ServiceConfig*> find_service(app::Context& context,
                                                        std::string_view name);
/// `; did you mean thumbs?`, or nothing.
[[nodiscard]] std::string nearest_service(const Config& config, std::string_view name);
/// Reports every broken service file: a record, a line, exit code 3.
void report_broken(app::Context& context);

}  // namespace cdctl::fleet
