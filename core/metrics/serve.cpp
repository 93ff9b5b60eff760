#include "core/metrics/serve.hpp"

#include <map>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/secret.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/app/own_program.hpp"
#include "core/feed/listen/pages.hpp"
#include "core/metrics/exposition.hpp"

namespace cdctl::metrics {

namespace {

constexpr std::size_t k_most_output = 256u << 20;
constexpr Millis k_last_word(2'000);

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
    std::map<Format, std::shared_ptr<const std::string>> looks;
    for (const auto& arrival : arrivals) {
      const auto path = arrival.target.substr(0, arrival.target.find('?'));
      if (path != "/metrics") {
        listener.answer(arrival.id, {404, "ask for /metrics"});
        continue;
      }
      const auto format = format_for(arrival.accept);
      auto at = looks.find(format);
      if (at == looks.end())
        at = looks.emplace(format, std::make_shared<const std::string>(look(format))).first;
      listener.answer(arrival.id, {200, {}, std::string(content_type(format)), at->second});
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
  CDCTL_TRY_ASSIGN(const auto listener,
                   feed::open_pages(context, "metrics", options.address, options.token_file));
  Server server(context, options);
  while (!Stop::requested())
    if (const auto arrivals = listener->take(std::chrono::seconds(1)); !arrivals.empty())
      server.answer(*listener, arrivals);
  return {};
}

}  // namespace cdctl::metrics
