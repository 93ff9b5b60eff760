// bench-flood PER_SECOND[/BATCH] SET...: raises so many harmless signals a second for these sets,
// in turn, until it is told to stop; BATCH (1) of them in a message. $AMQP_URL is an operator's. At
// the end one line on stdout: SENT SECONDS.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "link.hpp"

namespace {

using Clock = std::chrono::steady_clock;

std::string now_text() {
  const auto ms = demo::now_ms();
  const std::time_t second = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  ::gmtime_r(&second, &parts);
  char out[40];
  const auto length = std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out + length, sizeof out - length, ".%03dZ", static_cast<int>(ms % 1000));
  return out;
}

std::string event(const std::string& set, std::uint64_t number) {
  const auto dash = set.rfind('-');
  const auto service = set.substr(0, dash), revision = set.substr(dash + 1), time = now_text(),
             id = "flood-" + std::to_string(number);
  return R"({"specversion":"1.0","id":")" + id +
         R"(","source":"/bench","type":"org.cdctl.signal.raised.v1","subject":")" + set +
         R"(","time":")" + time +
         R"(","datacontenttype":"application/json","data":{"schema":"cdctl.signal/1","id":")" + id +
         R"(","set":")" + set + R"(","service":")" + service + R"(","revision":")" + revision +
         R"(","severity":"info","signal":"beat","key":")" + service +
         R"(/beat","counts":{"ok":1,"failed":0},"time":")" + time + R"("}})";
}

bool publish(demo::Link& link, const std::string& set, std::uint64_t number, std::uint64_t batch) {
  std::string body = batch > 1 ? "[" : "";
  for (std::uint64_t i = 0; i < batch; ++i) body += (i > 0 ? "," : "") + event(set, number + i);
  if (batch > 1) body += "]";
  const auto dash = set.rfind('-');
  const auto key = set.substr(0, dash) + "." + set.substr(dash + 1) + ".info";
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_USER_ID_FLAG;
  properties.user_id = demo::bytes(link.user());
  properties.content_type = demo::bytes(batch > 1 ? "application/cloudevents-batch+json"
                                                  : "application/cloudevents+json");
  return amqp_basic_publish(link.get(), 1, demo::bytes("cdctl.signals"), demo::bytes(key), 0, 0,
                            &properties, demo::bytes(body)) == AMQP_STATUS_OK;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string pace = argc >= 3 ? argv[1] : "";
  const int rate = std::atoi(pace.c_str());
  const auto slash = pace.find('/');
  const int batch = slash == std::string::npos ? 1 : std::atoi(pace.c_str() + slash + 1);
  if (rate < 1 || batch < 1) {
    std::fputs("usage: bench-flood PER_SECOND[/BATCH] SET...\n", stderr);
    return 2;
  }
  demo::catch_stop();
  const std::vector<std::string> sets(argv + 2, argv + argc);
  demo::Link link;
  if (const auto error = link.open(demo::environment("AMQP_URL"), "bench-flood"); !error.empty()) {
    std::fprintf(stderr, "bench-flood: %s\n", error.c_str());
    return 1;
  }
  const auto begin = Clock::now();
  std::uint64_t sent = 0;
  while (!demo::stop_requested()) {
    const auto due = static_cast<std::uint64_t>(
        std::chrono::duration<double>(Clock::now() - begin).count() * rate);
    for (; sent + batch <= due; sent += batch) {
      if (publish(link, sets[sent / batch % sets.size()], sent, batch)) continue;
      std::fputs("bench-flood: the connection is gone\n", stderr);
      return 1;
    }
    std::this_thread::sleep_for(
        std::chrono::milliseconds(2));  // the pace of the sender, and no wait for anybody
  }
  std::printf("%llu %.3f\n", static_cast<unsigned long long>(sent),
              std::chrono::duration<double>(Clock::now() - begin).count());
}
