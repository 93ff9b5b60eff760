#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/input/targets.hpp"
#include "cli/output/context.hpp"
#include "core/actions/scale.hpp"
#include "core/records/want.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_longest_why = 1000;

/// What is named: SET words, and PROCESS=N.
struct Named {
  Arguments sets;
  UnitCounts units;
};

Result<Named> named_in(const Arguments& args) {
  Named out{args, {}};
  out.sets.words.clear();
  for (const auto& word : args.words) {
    const auto equals = word.find('=');
    if (equals == word.npos) {
      out.sets.words.push_back(word);
      continue;
    }
    const auto process = word.substr(0, equals);
    std::int64_t count = 0;
    const auto* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data() + equals + 1, end, count);
    if (!valid_word(process) || error != std::errc() || stop != end || count < 0 || count > 1000)
      return fail(ExitCode::usage, fmt::format("scale: '{}' is not PROCESS=N with N from 0 to 1000",
                                               printable(word, 60)));
    if (!out.units.emplace(process, count).second)
      return fail(ExitCode::usage, fmt::format("scale: {} is given twice", process));
  }
  if (out.sets.words.empty())
    return fail(ExitCode::usage, "scale: name a SET, or - to read whole set names from stdin");
  return out;
}

/// What `want` has proposed, in the order it came; nothing of a service that it could not ask of.
Result<std::vector<actions::ScaleOrder>> orders_from_stdin(Context& context) {
  CDCTL_TRY_ASSIGN(auto reader, RecordReader::open(context, "the want records of cdctl want",
                                                   "name a SET and PROCESS=N"));
  std::vector<actions::ScaleOrder> out;
  Unknowns unknowns(context);
  while (auto record = reader.next()) {
    if ((*record)["schema"].view() == "cdctl.error/1") {
      unknowns.add(*record);
      continue;
    }
    if (!records::is<records::Want>(*record)) {
      reader.skip();
      continue;
    }
    const auto wish = records::decode<records::Want>(*record);
    const auto set = parse_set_name(wish.set);
    if (set && !wish.units) continue;  // there is no wish
    if (!set || !valid_word(wish.process) || wish.time == Time()) {
      context.report({ExitCode::failed,
                      fmt::format("a wish without a usable set, process and time ('{}'); skipped",
                                  printable(wish.set, 60))});
      continue;
    }
    CDCTL_TRY(reader.may_keep());
    out.push_back({*set,
                   {{wish.process, *wish.units}},
                   printable(wish.why, k_longest_why),
                   wish.time,
                   wish.now});
  }
  reader.finish("want");
  std::erase_if(out, [&](const auto& order) { return unknowns.blocks(order.set.service); });
  return out;
}

}  // namespace

int run_scale(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    std::vector<actions::ScaleOrder> orders;
    std::vector<SetName> targets;
    if (args.words.empty()) {
      if (args.has("why"))
        return fail(ExitCode::usage, "scale: --why goes with a SET; a wish has its own");
      CDCTL_TRY_ASSIGN(orders, orders_from_stdin(context));
    } else {
      CDCTL_TRY_ASSIGN(const auto named, named_in(args));
      CDCTL_TRY_ASSIGN(targets, targets_of(context, named.sets, Deadline(timeout)));
      const auto why = args.value("why", named.units.empty() ? "by the service's file" : "by hand");
      for (const auto& set : targets) orders.push_back({set, named.units, why});
    }
    CDCTL_TRY_ASSIGN(const auto last, even_last_of(context, args, targets, Deadline(timeout)));
    for (const auto& order : orders) {
      if (Stop::requested() || context.out.broken()) break;
      const bool even_last = std::ranges::find(last, order.set) != last.end();
      actions::scale_set(context, order, {args.has("dry-run"), even_last}, Deadline(timeout));
    }
    return {};
  });
}

}  // namespace cdctl::cli
