#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/fleet/difference.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::cli {

namespace {

constexpr std::int64_t k_most = 100, k_at_most = 10'000;

/// One set, or two of one service.
Result<std::vector<fleet::Selector>> sets_of(const Arguments& args) {
  std::vector<fleet::Selector> out;
  for (const auto& word : args.words) {
    CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
    if (selector.glob)
      return fail(ExitCode::usage, fmt::format("diff: '{}' may mean many; name one set", word));
    out.push_back(std::move(selector));
  }
  if (out.empty() || out.size() > 2)
    return fail(ExitCode::usage, "diff: name a SET, such as thumbs@newest, or two");
  if (out.front().service != out.back().service)
    return fail(ExitCode::usage, fmt::format("diff: {} and {} are different services",
                                             out.front().service, out.back().service));
  return out;
}

}  // namespace

int run_diff(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", std::chrono::minutes(2)));
    CDCTL_TRY_ASSIGN(const auto most, number_option(args, "limit", k_most));
    if (most < 1 || most > k_at_most)
      return fail(ExitCode::usage, fmt::format("diff: --limit is 1 to {}", k_at_most));
    CDCTL_TRY_ASSIGN(const auto sets, sets_of(args));
    const Deadline deadline(timeout);
    CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, sets.front().service));
    fleet::Fleet fleet(context);
    fleet.load({service->name}, deadline);
    if (const auto& asked = fleet.service(service->name)->error) {
      context.report_record(service->name, "listing sets", *asked);
      return {};
    }
    fleet::load_roles(fleet, sets, deadline);
    CDCTL_TRY_ASSIGN(auto first, fleet::find_made(context, fleet, sets.front()));
    auto from = std::optional(std::move(first)), to = from;
    if (sets.size() == 2) {
      CDCTL_TRY_ASSIGN(to, fleet::find_made(context, fleet, sets.back()));
    } else {
      from = fleet::made_before(*fleet.service(service->name), to->set);
    }
    if (!from) {
      context.out.note(to->set.str() + ": nothing came before it, as far as is known");
      return {};
    }
    const bool differ = fleet::write_difference(context, *service, *from, *to,
                                                static_cast<std::size_t>(most), deadline);
    if (!differ)
      context.out.note(
          fmt::format("{} and {} are made of the same", from->set.str(), to->set.str()));
    return {};
  });
}

}  // namespace cdctl::cli
