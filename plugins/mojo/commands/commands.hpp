#pragma once

#include <cdctl/args.hpp>
#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/plugin.hpp>

namespace cdctl::mojo {

using plugin::CommandArguments;
using plugin::guarded;

/// The value of a DURATION option. Exit code `usage`.
[[nodiscard]] Result<Millis> duration_option(const Arguments& args, std::string_view name,
                                             Millis otherwise);

// What the rows of `cdctl mojo …` run, one file a command or a few that belong together.
int command_run(Host& host, const CommandArguments& given) noexcept;
int command_phase(Host& host, const CommandArguments& given, const char* phase) noexcept;
int command_plan(Host& host, const CommandArguments& given) noexcept;
int command_plan_collect(Host& host, const CommandArguments& given) noexcept;
int command_phases(Host& host, const CommandArguments& given) noexcept;
int command_lint(Host& host, const CommandArguments& given) noexcept;
int command_project_new(Host& host, const CommandArguments& given) noexcept;
int command_workspace_new(Host& host, const CommandArguments& given) noexcept;
int command_workspace_list(Host& host, const CommandArguments& given) noexcept;

}  // namespace cdctl::mojo
