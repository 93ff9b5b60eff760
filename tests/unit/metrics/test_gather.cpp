#include <catch2/catch.hpp>

#include <fstream>

#include <fmt/format.h>

#include "core/metrics/fleet_metrics.hpp"
#include "core/metrics/gather.hpp"
#include "core/metrics/tally.hpp"
#include "core/records/outcome_log.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace std::chrono_literals;
using cdctl::test::FakeService;

namespace {

/// A feed that gives what it was told, a signal at a time, and numbers its positions.
class ListFeed final : public Feed {
 public:
  std::vector<Json> signals;
  bool failing = false;

 protected:
  class Reader final : public FeedReader {
   public:
    Reader(const ListFeed& feed, std::size_t at) : feed_(feed), at_(at) {}

   protected:
    Result<std::vector<Json>> do_next(Millis) override {
      std::vector<Json> out;
      if (at_ < feed_.signals.size()) out.push_back(feed_.signals[at_++]);
      return out;
    }
    bool do_at_end() const override { return at_ >= feed_.signals.size(); }
    std::string do_cursor() const override { return "at" + std::to_string(at_); }

   private:
    const ListFeed& feed_;
    std::size_t at_;
  };
  Result<> do_send(std::span<const Json>, const Deadline&) override { return {}; }
  Result<std::unique_ptr<FeedReader>> do_open(const FeedQuery& query, const Deadline&) override {
    if (failing) return fail(ExitCode::unknown, "reading the feed: no answer");
    if (!query.cursor.empty() && !query.cursor.starts_with("at"))
      return fail(ExitCode::usage, "not a position in this feed");
    const auto at = query.cursor.empty() ? 0 : std::stoul(query.cursor.substr(2));
    return std::unique_ptr<FeedReader>(new Reader(*this, at));
  }
};

Json signal(std::string_view service, std::string_view severity) {
  return Json::object({{"schema", "cdctl.signal/1"},
                       {"set", std::string(service) + "-r0000000001"},
                       {"service", service},
                       {"severity", severity},
                       {"signal", "oops"}});
}

struct Stand : FakeService {
  ListFeed list;
  Stand() { context.use<Feed>(context.feed_name(), list); }
  std::filesystem::path tally() const {
    const auto file = metrics::tally_file(context);
    std::filesystem::create_directories(file.parent_path());
    return file;
  }
  std::string look(metrics::GatherOptions options = {metrics::Format::openmetrics, false, "1"}) {
    return metrics::gather(context, options, Deadline(5s));
  }
  void done(std::string_view action, std::string_view members) {
    REQUIRE(records::append_to_log(
        home.path(),
        fmt::format(R"({{"schema":"cdctl.outcome/1","action":"{}","service":"thumbs",)"
                    R"("revision":"r0000000001","set":"thumbs-r0000000001","steps":[],"by":"a@b",)"
                    R"("time":"2026-11-23T04:11:30.120Z",{}}})",
                    action, members)));
  }
};

}  // namespace

TEST_CASE("what is out there is counted by service") {
  Stand thumbs;
  thumbs.deploy('a', 2h);
  const auto bad = thumbs.deploy('b', 1h);
  thumbs.entry(bad).cut = true;
  thumbs.entry(bad).cut_memo = CutMemo{true, "breaker", "errors >= 5 in 1m", now(), {}, {}};
  const auto text = thumbs.look();
  for (const auto* line : {
           "cdctl_service_up{service=\"thumbs\"} 1\n",
           "cdctl_sets{service=\"thumbs\",state=\"live\"} 1\n",
           "cdctl_sets{service=\"thumbs\",state=\"cut\"} 1\n",
           "cdctl_sets{service=\"thumbs\",state=\"down\"} 0\n",
           "cdctl_breakers{service=\"thumbs\",state=\"open\"} 1\n",
           "cdctl_cut_sets{service=\"thumbs\",why=\"errors\"} 1\n",
           "cdctl_units_wanted{service=\"thumbs\"} 1\n",
           "cdctl_units_up{service=\"thumbs\"} 1\n",
           "cdctl_service_outage{service=\"thumbs\"} 0\n",
           "cdctl_up{source=\"sets\"} 1\n",
       }) {
    INFO(line << " in\n" << text);
    CHECK(text.contains(line));
  }
  CHECK(text.ends_with("# EOF\n"));
  CHECK_FALSE(text.contains("cdctl_set_up{"));
  CHECK(thumbs.look({metrics::Format::prometheus, true, "1"})
            .contains("cdctl_set_cut{service=\"thumbs\",set=\"" + bad.str() + "\"} 1\n"));
}

TEST_CASE("a set that is live by its processes and does no work is not counted as live") {
  Stand thumbs;
  const auto stopped = thumbs.deploy('a', 2h);
  CutMemo memo{false, "alice@elsewhere", "", now() - 1h, {}, now() - 1min};
  memo.stopped_in = thumbs.engine.home_value;
  thumbs.entry(stopped).cut_memo = memo;
  thumbs.deploy('b', 1h);
  const auto text = thumbs.look({metrics::Format::openmetrics, true, "1"});
  INFO(text);
  CHECK(text.contains("cdctl_sets{service=\"thumbs\",state=\"stopped\"} 1\n"));
  CHECK(text.contains("cdctl_sets{service=\"thumbs\",state=\"live\"} 1\n"));
  CHECK(text.contains("cdctl_sets{service=\"thumbs\",state=\"locked_out\"} 0\n"));
  CHECK(text.contains("cdctl_set_up{service=\"thumbs\",set=\"" + stopped.str() + "\"} 0\n"));

  fleet::SetView out;
  out.name = stopped;
  out.state = "live";
  out.cut = false;
  CHECK(metrics::state_of(out) == "live");
  out.locked_out = true;
  CHECK(metrics::state_of(out) == "locked_out");
  out.state = "down";
  CHECK(metrics::state_of(out) == "down");
  out.cut = true;
  CHECK(metrics::state_of(out) == "cut");
}

TEST_CASE("who cannot be asked is a value, and what hangs on the answer is none") {
  Stand thumbs;
  thumbs.deploy('a', 2h);
  thumbs.journal.failing = "memory.read";
  thumbs.list.failing = true;
  const auto text = thumbs.look();
  INFO(text);
  CHECK(text.contains("cdctl_service_up{service=\"thumbs\"} 0\n"));
  CHECK(text.contains("cdctl_up{source=\"sets\"} 0\n"));
  CHECK(text.contains("cdctl_up{source=\"signals\"} 0\n"));
  CHECK_FALSE(text.contains("cdctl_sets{"));
  CHECK_FALSE(text.contains("cdctl_units_up{"));
  CHECK(text.ends_with("# EOF\n"));
}

TEST_CASE("outcomes and signals count once, however often they are looked at") {
  Stand thumbs;
  thumbs.done("deploy", R"("ok":true,"changed":true,"took_ms":1200)");
  thumbs.done("break", R"("ok":true,"changed":true,"took_ms":4)");
  thumbs.done("break", R"("ok":false,"changed":false,"exit":5,"took_ms":4)");
  thumbs.done("reap", R"("ok":false,"changed":false,"exit":1,"took_ms":4)");
  thumbs.done("made-up", R"("ok":true,"changed":false,"took_ms":4)");
  thumbs.list.signals = {signal("thumbs", "critical"), signal("thumbs", "info"),
                         signal("stranger", "info")};
  const char* const lines[] = {
      "cdctl_actions_total{service=\"thumbs\",action=\"deploy\",result=\"done\"} 1",
      "cdctl_actions_total{service=\"thumbs\",action=\"break\",result=\"refused\"} 1",
      "cdctl_actions_total{service=\"thumbs\",action=\"reap\",result=\"failed\"} 1",
      "cdctl_actions_total{service=\"thumbs\",action=\"(other)\",result=\"unchanged\"} 1",
      "cdctl_action_duration_seconds_bucket{action=\"deploy\",le=\"2.5\"} 1",
      "cdctl_action_duration_seconds_count{action=\"break\"} 1",
      "cdctl_signals_total{service=\"thumbs\",severity=\"critical\"} 1",
      "cdctl_signals_total{service=\"(other)\",severity=\"info\"} 1",
  };
  for (int i = 0; i < 3; ++i) {
    const auto text = thumbs.look();
    INFO(text);
    for (const auto* line : lines) CHECK(text.contains(line));
  }
  thumbs.done("break", R"("ok":true,"changed":true,"took_ms":4)");
  thumbs.list.signals.push_back(signal("thumbs", "critical"));
  const auto text = thumbs.look();
  CHECK(
      text.contains("cdctl_actions_total{service=\"thumbs\",action=\"break\",result=\"done\"} 2"));
  CHECK(text.contains("cdctl_signals_total{service=\"thumbs\",severity=\"critical\"} 2"));
}

TEST_CASE("a damaged tally and a position of another feed cost no look") {
  Stand thumbs;
  thumbs.list.signals = {signal("thumbs", "error")};
  std::ofstream(thumbs.tally()) << R"({"feed":"elsewhere:1","signals":7})";
  CHECK(thumbs.look().contains(R"(cdctl_signals_total{service="thumbs",severity="error"} 1)"));
  std::ofstream(thumbs.tally()) << "\x01half";
  CHECK(thumbs.look().contains(R"(cdctl_signals_total{service="thumbs",severity="error"} 1)"));
}

TEST_CASE("a cut is told by few words") {
  CHECK(metrics::class_of_cut("critical >= 1") == "critical");
  CHECK(metrics::class_of_cut("errors >= 5 in 1m") == "errors");
  CHECK(metrics::class_of_cut("'oops' >= 2") == "name");
  CHECK(metrics::class_of_cut("failure-rate >= 10% of at least 30") == "rate");
  CHECK(metrics::class_of_cut("failure-rate > 2x baseline in 5m") == "baseline");
  CHECK(metrics::class_of_cut("wrong colours") == "hand");
  CHECK(metrics::class_of_cut("") == "hand");
}
