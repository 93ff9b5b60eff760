#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include <cdctl/digest.hpp>
#include <cdctl/text.hpp>

#include "plugins/alertmanager/alertmanager_sink.hpp"
#include "plugins/elastic/elastic_sink.hpp"
#include "plugins/otlp/otlp_sink.hpp"
#include "plugins/pagerduty/pagerduty_sink.hpp"
#include "plugins/webhook/webhook_sink.hpp"
#include "tests/fuzz/answers.hpp"
#include "tests/fuzz/host.hpp"
#include "tests/fuzz/scratch.hpp"

using namespace cdctl;
using cdctl::fuzz::must;

namespace {

/// Two sets that were cut: news for every sink.
std::vector<Json> news() {
  std::vector<Json> out;
  for (const auto* set : {"thumbs-r5f0c1e9a2b", "thumbs-r5f0c1e9a2c"})
    out.push_back(Json::object({{"schema", "cdctl.outcome/1"},
                                {"action", "break"},
                                {"service", "thumbs"},
                                {"set", set},
                                {"ok", true},
                                {"changed", true},
                                {"why", "errors >= 5 in 1m"},
                                {"by", "tester@test"},
                                {"time", "2026-11-23T04:11:30.120Z"}}));
  return out;
}

/// A receiver of each kind, with a secret.
struct Stand {
  fuzz::Scratch scratch;
  fuzz::Answers answers;
  fuzz::FuzzHost host;
  std::vector<Json> records = news();
  elastic::ElasticSink elastic{host};
  otlp::OtlpSink otlp{host};
  pagerduty::PagerDutySink pagerduty{host};
  alertmanager::AlertmanagerSink alertmanager{host};
  webhook::WebhookSink webhook{host};

  Stand() {
    ::setenv("CDCTL_FUZZ_SECRET", "open-sesame", 1);
    std::filesystem::create_directories(scratch.path() / own_folder() / "notify/alertmanager");
    host.client = &answers;
    host.secret = "open-sesame";
    host.home_folder = scratch.path();
    host.config_value.file = "/nowhere/cdctl.toml";
    host.config_value.trusted = true;
    host.config_value.table = *Json::parse(R"({
      "elastic":{"url":"http://127.0.0.1:1","api_key_env":"CDCTL_FUZZ_SECRET"},
      "otlp":{"url":"http://127.0.0.1:1","token_env":"CDCTL_FUZZ_SECRET"},
      "pagerduty":{"api":"http://127.0.0.1:1","routing_key_env":"CDCTL_FUZZ_SECRET"},
      "alertmanager":{"url":"http://127.0.0.1:1","user":"u","password_env":"CDCTL_FUZZ_SECRET"},
      "webhook":{"url":"http://127.0.0.1:1/hook","token_env":"CDCTL_FUZZ_SECRET"}})");
  }
  /// What the home keeps for this configuration.
  static std::filesystem::path own_folder() {
    return "configurations/" + sha256_hex("/nowhere/cdctl.toml").substr(0, 16);
  }
  Sink* sink(std::uint8_t kind) {
    switch (kind) {
      case 'e':
        return &elastic;
      case 'o':
        return &otlp;
      case 'p':
        return &pagerduty;
      case 'a':
        return &alertmanager;
      case 'w':
        return &webhook;
      default:
        return nullptr;
    }
  }
  void check(std::string_view text) const {
    if (!text.empty()) host.check(text);
  }
};

void check(const Stand& stand, const PassAnswer& answer) {
  const auto count = stand.records.size();
  std::vector<int> told(count);
  for (const auto& one : answer.refused) {
    must(one.index < count, "what is refused was sent");
    ++told[one.index];
    stand.check(one.why);
  }
  for (const auto index : answer.again) {
    must(index < count, "what is to be sent again was sent");
    ++told[index];
  }
  stand.check(answer.why);
  must(answer.wait >= Millis(0) && answer.wait <= std::chrono::hours(24), "a wait has its bounds");
  for (const auto times : told) {
    must(times <= 1, "a record is refused, or sent again, or done");
    must(times == 1 || stand.answers.good > 0, "nothing is done that nobody has taken");
  }
}

}  // namespace

/// What receivers of records answer; the first byte says which. Before those of Alertmanager comes
/// the file of what burns, which is kept in the home.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Stand stand;
  auto* const sink = stand.sink(data[0]);
  if (!sink) return 0;
  auto text = cdctl::fuzz::as_text(data + 1, size - 1);
  if (data[0] == 'a')
    (void)stand.scratch.write(Stand::own_folder() / "notify/alertmanager/alerts.json",
                              fuzz::take_part(text));
  stand.answers.begin(text);
  const auto answer = sink->pass("", stand.records, Deadline(Millis(3'600'000)));
  if (answer)
    check(stand, *answer);
  else
    stand.check(answer.error().what);
  return 0;
}
