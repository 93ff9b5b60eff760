#include "tests/bench/rounds.hpp"

#include <sstream>
#include <thread>
#include <utility>

#include "tests/bench/spawn.hpp"

namespace bench {

namespace {

using std::chrono::seconds;

/// The rule of this bench is `critical >= 1 in 1s`, and trip looks for windows that have gone quiet
/// once a second: after that long the verdict of a set is healthy again, and the next signal
/// changes it.
constexpr std::chrono::milliseconds k_quiet(2300);

Microseconds now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

double since_ms(Microseconds from, Microseconds to) {
  return std::max(0.0, static_cast<double>(to - from) / 1000);
}

}  // namespace

int SetSeen::open_units() const {
  int count = 0;
  for (const auto& [unit, is_open] : open) count += is_open ? 1 : 0;
  return count;
}

void LedgerTail::read_on() {
  char buffer[65536];
  file_.clear();  // the end of the file was the end of what had been written by then
  while (file_.read(buffer, sizeof buffer), file_.gcount() > 0)
    rest_.append(buffer, static_cast<std::size_t>(file_.gcount()));
  const auto end = rest_.rfind('\n');
  if (end == std::string::npos) return;
  std::istringstream lines(rest_.substr(0, end + 1));
  rest_.erase(0, end + 1);
  std::string event, set, unit;
  for (Microseconds time = 0; lines >> event >> time >> set >> unit;) {
    auto& seen = sets_[set];
    if (event == "job") seen.last_job = std::max(seen.last_job, time);
    if (event == "open") seen.open[unit] = true;
    if (event == "closed") {
      seen.open[unit] = false;
      seen.last_closed = std::max(seen.last_closed, time);
    }
  }
}

bool LedgerTail::wait(const std::function<bool()>& holds, seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    read_on();
    if (holds()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

bool OutcomeTail::wait(const std::string& set, seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  const std::string wanted = "\"set\":\"" + set + "\"";
  while (std::chrono::steady_clock::now() < end) {
    file_.clear();
    for (std::string piece; std::getline(file_, piece);) {
      line_ += piece;
      if (file_.eof()) break;  // the rest of this line is not written yet
      const bool found = std::exchange(line_, {}).contains(wanted);
      if (found) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

std::string Rounds::open() { return link_.open(demo::environment("AMQP_URL"), "bench-latency"); }

bool Rounds::raise(const std::string& set, std::string_view severity) {
  const auto dash = set.rfind('-');
  const std::string id = "bench-" + std::to_string(now_us()) + "-" + std::to_string(++signals_);
  const std::string body =
      R"({"specversion":"1.0","type":"org.cdctl.signal.raised.v1","datacontenttype":"application/json","id":")" +
      id + R"(","source":"/bench","subject":")" + set +
      R"(","data":{"schema":"cdctl.signal/1","signal":"bench","severity":")" +
      std::string(severity) + R"("}})";
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                      AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_USER_ID_FLAG;
  properties.content_type = amqp_cstring_bytes("application/cloudevents+json");
  properties.delivery_mode = 2;
  properties.message_id = demo::bytes(id);
  properties.user_id = demo::bytes(link_.user());
  const std::string key =
      set.substr(0, dash) + "." + set.substr(dash + 1) + "." + std::string(severity);
  return amqp_basic_publish(link_.get(), 1, amqp_cstring_bytes("cdctl.signals"), demo::bytes(key),
                            0, 0, &properties, demo::bytes(body)) == AMQP_STATUS_OK;
}

bool Rounds::at_work(const std::string& set) {
  const auto from = now_us();
  return ledger_.wait(
      [&] { return ledger_.of(set).open_units() == units_ && ledger_.of(set).last_job > from; },
      seconds(20));
}

std::optional<Round> Rounds::play(const std::string& bad, std::string& error) {
  std::this_thread::sleep_until(healthy_at_[bad]);
  if (!at_work(bad) || !at_work(good_)) {
    error = bad + " or " + good_ + " has not all its workers at work after 20 s";
    return {};
  }
  // A second set that signals, and is well, or trip would say that it is the world and not the
  // revision.
  if (!raise(good_, "info")) error = "cannot publish a signal";
  const auto begun = now_us();
  if (!raise(bad, "critical")) error = "cannot publish a signal";
  if (!error.empty()) return {};
  if (!ledger_.wait([&] { return ledger_.of(bad).open_units() == 0; }, seconds(10))) {
    error = bad + " was not cut within 10 s";
    return {};
  }
  const auto& seen = ledger_.of(bad);
  const Round round{since_ms(begun, seen.last_job), since_ms(begun, seen.last_closed)};
  healthy_at_[bad] = std::chrono::steady_clock::now() + k_quiet;
  if (!outcomes_.wait(bad, seconds(10))) {
    error = "break wrote no outcome for " + bad + " within 10 s";
    return {};
  }
  if (const auto mended = run({"cdctl", "mend", bad}, "/dev/null", false, seconds(30));
      mended.status != 0) {
    error = "cdctl mend " + bad + ": exit status " + std::to_string(mended.status);
    return {};
  }
  return round;
}

}  // namespace bench
