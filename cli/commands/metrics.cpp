#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "cli/version.hpp"
#include "core/metrics/gather.hpp"
#include "core/metrics/serve.hpp"
#include "core/metrics/textfile.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_timeout(8'000);  // Prometheus waits for 10 s

Result<> listen(Context& context, const Arguments& args, Millis timeout) {
  if (args.has("textfile") || args.has("prometheus") || args.has("output"))
    return fail(ExitCode::usage,
                "metrics --listen answers in the format that it is asked for, and writes no file: "
                "leave --textfile, --prometheus and -o out");
  return metrics::serve(
      context, {args.value("listen"), args.value("token-file"), args.has("sets"), timeout});
}

}  // namespace

int run_metrics(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout, duration_option(args, "timeout", k_timeout));
    if (timeout <= Millis(0))
      return fail(ExitCode::usage, "metrics: --timeout must be more than 0");
    CDCTL_TRY(context.check_home());
    if (args.has("listen")) return listen(context, args, timeout);
    if (args.has("token-file"))
      return fail(ExitCode::usage, "metrics: --token-file goes with --listen");
    metrics::GatherOptions options{metrics::Format::openmetrics, args.has("sets"), version()};
    const bool older = args.has("prometheus") || args.has("textfile");
    if (older && args.value("output") == "openmetrics")
      return fail(ExitCode::usage,
                  "metrics: --textfile and --prometheus write the older text format, for which "
                  "-o prometheus stands: leave -o openmetrics out");
    if (older || context.out.picture() == "prometheus")
      options.format = metrics::Format::prometheus;
    const auto text = metrics::gather(context, options, Deadline(timeout));
    if (!args.has("textfile")) {
      context.out.text(text);
      return {};
    }
    return metrics::write_textfile(args.value("textfile"), text);
  });
}

}  // namespace cdctl::cli
