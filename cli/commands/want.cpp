#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/set_name.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/output/context.hpp"
#include "core/actions/wishes.hpp"
#include "core/app/configurations.hpp"
#include "core/probe/memory.hpp"

namespace cdctl::cli {

namespace {

using Sets = std::map<std::string, std::vector<records::Set>>;

/// The sets of standard input, by service. Of a service of which something is unknown, nothing.
Result<Sets> sets_from_stdin(Context& context) {
  CDCTL_TRY_ASSIGN(auto reader, RecordReader::open(context, "the set records of cdctl ls",
                                                   "use cdctl ls | cdctl want"));
  Sets out;
  std::set<std::string> unknown;
  while (auto record = reader.next()) {
    if (records::is<records::ErrorRecord>(*record)) {
      context.out.write(*record);
      unknown.insert(records::get<&records::ErrorRecord::service>(*record));
      context.note_exit(ExitCode::unknown);
    } else if (const auto set = parse_set_name(records::get<&records::Set::set>(*record));
               !records::is<records::Set>(*record) || !set) {
      reader.skip();
    } else {
      CDCTL_TRY(reader.may_keep());
      out[set->service].push_back(records::decode<records::Set>(*record));
    }
  }
  reader.finish("set");
  if (unknown.contains("")) out.clear();
  for (const auto& service : unknown) out.erase(service);
  return out;
}

}  // namespace

int run_want(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    CDCTL_TRY_ASSIGN(const auto sets, sets_from_stdin(context));
    if (sets.empty()) return {};
    const Deadline deadline(timeout);
    CDCTL_TRY_ASSIGN(auto memory,
                     probe::ProbeMemory::open(app::own_folder(context), "want", deadline));
    if (!memory.value.is_object()) memory.value = Json::object();
    std::vector<records::Want> wants;
    for (const auto& [name, some] : sets) {
      const auto* service = context.config().service(name);
      if (!service || service->scale.empty()) continue;
      auto kept = memory.value[name];
      auto wishes = actions::wishes_of(context, *service, some, kept, deadline);
      if (!wishes) {
        context.report_record(name, "asking what waits for it", wishes.error());
        continue;
      }
      memory.value.set(name, std::move(kept));
      std::ranges::move(*wishes, std::back_inserter(wants));
    }
    // Before a wish goes out: one look makes no two rates
    CDCTL_TRY(memory.store());
    bool any = false;
    for (const auto& want : wants) {
      any = any || want.units.has_value();
      if (want.units || args.has("all")) context.out.write(records::encode(want));
    }
    if (context.out.tabular() && !context.out.any() && context.exit_code() == 0)
      context.out.note(wants.empty()
                           ? "none of these services has [scale] in its file"
                           : "all have the units that they need; --all shows the figures");
    if (any && args.has("exit-code") && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
