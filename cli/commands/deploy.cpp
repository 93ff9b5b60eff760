#include <optional>
#include <vector>

#include <cdctl/stop.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/input/record_reader.hpp"
#include "cli/output/context.hpp"
#include "core/actions/deploy.hpp"
#include "core/actions/deploy_order.hpp"

namespace cdctl::cli {

namespace {

Result<std::vector<actions::DeployOrder>> orders_from_stdin(Context& context) {
  CDCTL_TRY_ASSIGN(
      auto reader,
      RecordReader::open(context, "the revision records of cdctl outdated", "name a SERVICE"));
  std::vector<actions::DeployOrder> orders;
  Unknowns unknowns(context);
  while (auto record = reader.next()) {
    const auto schema = (*record)["schema"].view();
    if (schema == "cdctl.error/1") {
      unknowns.add(*record);
    } else if (schema != "cdctl.revision/1" || !(*record)["offered"].as_bool(true)) {
      reader.skip();
    } else if (auto order = actions::order_from_record(context, *record)) {
      CDCTL_TRY(reader.may_keep());
      orders.push_back(std::move(*order));
    } else {
      auto error = order.error();
      if (error.exit == ExitCode::config) error.exit = ExitCode::failed;
      context.report(error);
    }
  }
  reader.finish("revision to deploy");
  std::erase_if(orders, [&](const actions::DeployOrder& order) {
    return unknowns.blocks(order.service->name);
  });
  return orders;
}

Result<std::vector<actions::DeployOrder>> orders_by_name(Context& context, const Arguments& args,
                                                         Millis timeout) {
  std::vector<actions::DeployOrder> orders;
  const actions::Pins pins{args.values("source"), args.words.size() == 1};
  for (const auto& word : args.words) {
    if (word == "-")
      return fail(ExitCode::usage,
                  "deploy: a revision cannot be read as a bare name; pipe the records of cdctl "
                  "outdated, or name SERVICE@REVISION");
    CDCTL_TRY_ASSIGN(auto order, actions::order_by_name(context, word, pins, Deadline(timeout)));
    orders.push_back(std::move(order));
  }
  return orders;
}

}  // namespace

int run_deploy(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::minutes(30)));
    CDCTL_TRY_ASSIGN(const auto settle, optional_duration(args, "settle"));
    if (args.words.empty() && args.has("source"))
      return fail(ExitCode::usage, "deploy: --source goes with a SERVICE argument");
    CDCTL_TRY_ASSIGN(const auto orders, args.words.empty()
                                            ? orders_from_stdin(context)
                                            : orders_by_name(context, args, timeout));
    const actions::DeployOptions options{args.has("dry-run"), args.has("even-bad"),
                                         args.has("even-held"), args.has("wait"), settle};
    for (const auto& order : orders) {
      if (Stop::requested() || context.out.broken()) break;
      const Deadline deadline(timeout);
      actions::deploy_set(context, order, options, deadline);
      context.out.flush();
    }
    return {};
  });
}

}  // namespace cdctl::cli
