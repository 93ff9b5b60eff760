#include "core/metrics/serve.hpp"

#include <filesystem>
#include <map>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/secret.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/own_program.hpp"
#include "core/feed/listen/listener.hpp"
#include "core/metrics/exposition.hpp"

namespace cdctl::metrics {

namespace {

constexpr std::size_t k_shortest_token = 16, k_most_output = 256u << 20;
constexpr Millis k_last_word(2'000);

/// Empty where there is none.
Result<std::string> token_of(const app::Context& context, const std::string& file) {
  if (file.empty()) return std::string();
  const auto table = Json::object({{"token_file", std::filesystem::absolute(file).string()}});
  CDCTL_TRY_ASSIGN(const auto token, read_secret(table, "token", context.config()));
  if (!token || token->size() < k_shortest_token)
    return fail(
        ExitCode::config,
        fmt::format("the token of --listen is shorter than {} characters; make one: openssl rand "
                    "-hex 24",
                    k_shortest_token));
  return *token;
}

/// What a scraper gets when there is nothing else to tell.
std::string no_look(Format format) {
  Exposition out(format);
  out.family("cdctl_up", Exposition::Type::gauge, "",
             "Whether a source of these metrics could be asked");
  out.sample({{"source", "look"}}, 0);
  return out.take();
}

class Server {
 public:
  Server(app::Context& context, const ServeOptions& options)
      : context_(context), options_(options) {}

  void answer(feed::Listener& listener, const std::vector<feed::Arrival>& arrivals) {
    std::map<Format, std::string> looks;
    for (const auto& arrival : arrivals) {
      const auto path = arrival.target.substr(0, arrival.target.find('?'));
      if (path != "/metrics") {
        listener.answer(arrival.id, {404, "ask for /metrics"});
        continue;
      }
      const auto format = format_for(arrival.accept);
      auto at = looks.find(format);
      if (at == looks.end()) at = looks.emplace(format, look(format)).first;
      listener.answer(arrival.id, {200, at->second, std::string(content_type(format))});
    }
  }

 private:
  std::string look(Format format) {
    Program program;
    program.env = hidden_environment();  // it reads the same configuration
    program.argv = {app::own_program(), "--config", context_.config().file.string()};
    for (const auto& folder : context_.options().plugin_path)
      program.argv.insert(program.argv.end(), {"--plugin-path", folder});
    program.argv.insert(program.argv.end(),
                        {"metrics", "--timeout", to_duration(options_.timeout)});
    if (options_.per_set) program.argv.emplace_back("--sets");
    if (format == Format::prometheus) program.argv.emplace_back("--prometheus");
    program.max_output = k_most_output;
    program.deadline = Deadline(options_.timeout + k_last_word);
    auto done = run(program);
    if (!done || !done->ok()) {
      tell(done ? "looking: " + done->how() + (done->err.empty() ? "" : ": " + done->err)
                : done.error().what);
      return no_look(format);
    }
    tell(done->err);
    return std::move(done->out);
  }

  /// What a look had to say, once and not at each scrape.
  void tell(const std::string& said) {
    if (said == said_) return;
    if (said.empty()) context_.out.note("everything can be asked again");
    said_ = said;
    for (auto line : lines(said_)) {
      if (line.starts_with("cdctl: ")) line.remove_prefix(7);
      if (line.starts_with("warning: ")) line.remove_prefix(9);
      context_.out.warning(printable(line, 500));
    }
  }

  app::Context& context_;
  const ServeOptions& options_;
  std::string said_;
};

}  // namespace

Result<> serve(app::Context& context, const ServeOptions& options) {
  CDCTL_TRY_ASSIGN(const auto token, token_of(context, options.token_file));
  if (token.empty() && !feed::parse_listen_address(options.address) &&
      feed::parse_listen_address(options.address, true))
    return fail(ExitCode::usage,
                fmt::format("metrics --listen {}: others than this machine need a token: give "
                            "--token-file, too",
                            printable(options.address, 60)));
  CDCTL_TRY_ASSIGN(const auto listener,
                   feed::open_listener(options.address, token, {}, feed::Serves::pages));
  context.out.note(fmt::format("listening on {}", listener->address()));
  Server server(context, options);
  while (!Stop::requested())
    if (const auto arrivals = listener->take(std::chrono::seconds(1)); !arrivals.empty())
      server.answer(*listener, arrivals);
  return {};
}

}  // namespace cdctl::metrics
