#include <catch2/catch.hpp>

#include <memory>
#include <thread>

#include <cdctl/child.hpp>
#include <cdctl/signal.hpp>

#include "plugins/rabbit/feed/feed.hpp"
#include "plugins/rabbit/store/memory.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "tests/support/rabbit_broker.hpp"
#include "tests/support/show_result.hpp"

// What needs a broker that may be killed, or one with TLS.

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::Broker;

namespace {

Deadline soon() { return Deadline(Millis(20'000)); }

void must_run(std::vector<std::string> argv) {
  Program command;
  command.argv = std::move(argv);
  command.deadline = Deadline(Millis(90'000));
  const auto finished = run(command);
  if (!finished || !finished->ok())
    throw std::runtime_error(
        command.argv[0] + ": " +
        (finished ? finished->how() + ": " + finished->err : finished.error().what));
}

/// A RabbitMQ of this test alone.
class OwnBroker {
 public:
  explicit OwnBroker(const std::string& extra = "") {
    (void)write_file_atomically(folder_.path() / "extra.conf", extra);
    start();
  }
  ~OwnBroker() { stop(); }
  void start() {
    Program command;
    command.argv = {k_script,   "start",
                    "-o",       std::to_string(::getpid()),
                    "-c",       (folder_.path() / "extra.conf").string(),
                    directory()};
    command.deadline = Deadline(Millis(90'000));
    const auto finished = run(command);
    if (!finished || !finished->ok())
      throw std::runtime_error("no broker: " + (finished ? finished->err : finished.error().what));
    (void)write_file_atomically(folder_.path() / "env", finished->out, 0600);
  }
  /// SIGKILL.
  void stop() { must_run({k_script, "stop", directory()}); }
  [[nodiscard]] Broker::Env env() const { return Broker::read_env(folder_.path() / "env"); }

 private:
  [[nodiscard]] std::string directory() const { return (folder_.path() / "broker").string(); }
  static constexpr const char* k_script = CDCTL_SOURCE_DIR "/scripts/private-broker";
  test::TempDir folder_;
};

bool lets_in(const std::string& url, const std::string& ca = "") {
  auto address = parse_amqp_url(url).value();
  address.ca_file = ca;
  return (*amqp_driver())->connect(address, soon()).has_value();
}

}  // namespace

TEST_CASE("a cut outlives a broker that is killed right after it") {
  OwnBroker own;
  Broker broker(own.env());
  const auto set = broker.set(1), good = broker.set(2);
  std::string bad_url, good_url;
  {
    RabbitSwitch rabbit(broker.host());
    RabbitMemory memory(broker.host());
    RabbitFeed feed(broker.host());
    bad_url =
        rabbit.provision(broker.queue_service(), set, "secret", soon()).value().at("AMQP_URL");
    good_url =
        rabbit.provision(broker.queue_service(), good, "secret", soon()).value().at("AMQP_URL");
    const Json signal[] = {
        normal_signal(Json::object({{"set", set.str()}, {"signal", "oops"}})).value()};
    REQUIRE(feed.send(signal, soon()));
    REQUIRE(memory.put_cut(set, {true, "me", "bad", now(), {}, {}}, soon()));
    REQUIRE(rabbit.cut(set, "bad", soon()));
    auto reader =
        feed.open({.since = now() - std::chrono::hours(1), .cursor = "", .follow = true}, soon());
    REQUIRE(reader);
    CHECK((*reader)->next(Millis(2000)).value().size() == 1);
    own.stop();
    const auto lost = (*reader)->next(Millis(5000));
    REQUIRE_FALSE(lost);
    CHECK(lost.error().exit == ExitCode::unknown);
    const auto unknown = memory.read({}, soon());
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().exit == ExitCode::unknown);
  }
  own.start();
  RabbitMemory memory(broker.host());
  const auto entries = memory.read(set.service, soon());
  REQUIRE(entries);
  CHECK(entries->at(set.str()).cut == true);
  CHECK(entries->at(set.str()).cut_memo);
  CHECK(entries->at(good.str()).cut == false);
  CHECK_FALSE(lets_in(bad_url));
  CHECK(lets_in(good_url));
  RabbitFeed feed(broker.host());
  // RabbitMQ 3.10 forgets its first stream when it is killed within seconds of its making: then the
  // feed is "not known", never an empty one.
  auto reader =
      feed.open({.since = now() - std::chrono::hours(1), .cursor = "", .follow = false}, soon());
  if (reader) {
    CHECK((*reader)->next(Millis(2000)).value().size() == 1);
    CHECK((*reader)->at_end());
  } else {
    CHECK(reader.error().exit == ExitCode::unknown);
    CHECK(reader.error().what.contains("down or inaccessible"));
  }
}

TEST_CASE("several who are the first on a broker, at once, all get their topology") {
  OwnBroker own;
  std::vector<std::unique_ptr<Broker>> homes;
  for (int i = 0; i < 6; ++i) homes.push_back(std::make_unique<Broker>(own.env()));
  for (const auto& home : homes) home->table().set("vhost", homes[0]->vhost());
  std::vector<std::string> errors(homes.size());
  {
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < homes.size(); ++i)
      all.emplace_back([&, i] {
        const auto env = RabbitSwitch(homes[i]->host())
                             .provision(homes[i]->queue_service(), homes[i]->set(1), "s", soon());
        if (!env) errors[i] = env.error().what;
      });
  }
  for (const auto& error : errors) CHECK(error.empty());
}

TEST_CASE("management and AMQP over TLS, with a CA of one's own") {
  if (std::getenv("CDCTL_BROKER_ROOT")) return;  // that broker sees no file of this test
  test::TempDir folder;
  const auto file = [&](const char* name) { return (folder.path() / name).string(); };
  must_run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", file("key.pem"),
            "-out", file("cert.pem"), "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1"});
  // The plain ports stay: the start of the broker is watched through them.
  const auto tls_port = 32000 + ::getpid() % 300 * 2;
  OwnBroker own(fmt::format(
      "listeners.ssl.1 = 127.0.0.1:{}\nmanagement.ssl.ip = 127.0.0.1\nmanagement.ssl.port = {}\n"
      "ssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = "
      "{}\nssl_options.verify = verify_none\n"
      "management.ssl.cacertfile = {}\nmanagement.ssl.certfile = {}\nmanagement.ssl.keyfile = {}\n",
      tls_port, tls_port + 1, file("cert.pem"), file("cert.pem"), file("key.pem"), file("cert.pem"),
      file("cert.pem"), file("key.pem")));
  auto env = own.env();
  env["AMQP_PORT"] = std::to_string(tls_port);
  env["HTTP_PORT"] = std::to_string(tls_port + 1);
  Broker broker(env, "tls", file("cert.pem"));
  RabbitSwitch rabbit(broker.host());
  RabbitFeed feed(broker.host());
  const auto set = broker.set(1);
  const auto made = rabbit.provision(broker.queue_service(), set, "secret", soon());
  REQUIRE(made);
  CHECK(made->at("AMQP_URL").starts_with("amqps://"));
  CHECK(lets_in(made->at("AMQP_URL"), file("cert.pem")));
  CHECK_FALSE(lets_in(made->at("AMQP_URL")));  // the system does not know this CA
  const Json signal[] = {
      normal_signal(Json::object({{"set", set.str()}, {"signal", "oops"}})).value()};
  CHECK(feed.send(signal, soon()));
  CHECK(RabbitMemory(broker.host()).lock(set.service, soon()));
  CHECK(rabbit.cut(set, "x", soon()));
  CHECK(made->at("AMQP_CA_FILE") == file("cert.pem"));
  // The address is in the certificate, and the name; another address is not.
  const auto connects = [&](const std::string& host) {
    AmqpAddress address;
    address.host = host, address.port = tls_port, address.tls = true;
    address.user = address.password = "guest";
    address.ca_file = file("cert.pem");
    const auto driver = amqp_driver();
    return driver && (*driver)->connect(address, soon()).has_value();
  };
  CHECK(connects("localhost"));
  CHECK(connects("127.0.0.1"));
  CHECK_FALSE(connects("127.0.0.2"));
  broker.table().erase("ca_file");
  const auto untrusted = RabbitMemory(broker.host()).read({}, soon());
  REQUIRE_FALSE(untrusted);
  CHECK(untrusted.error().exit == ExitCode::unknown);
  INFO(untrusted.error().what);
  CHECK(untrusted.error().what.contains("certificate"));
}

TEST_CASE("a broker that stamps messages says when they came, whatever the sender's clock says") {
  // RabbitMQ before 3.12 knows no such setting, and does not start with it.
  if (!std::getenv("CDCTL_BROKER_ROOT")) return;
  OwnBroker own("message_interceptors.incoming.set_header_timestamp.overwrite = true\n");
  Broker broker(own.env());
  RabbitFeed feed(broker.host());
  const Json signal[] = {
      normal_signal(Json::object({{"set", broker.set(1).str()},
                                  {"signal", "late"},
                                  {"severity", "error"},
                                  {"time", to_rfc3339(now() - std::chrono::minutes(20))}}))
          .value()};
  REQUIRE(feed.send(signal, soon()));
  auto reader =
      feed.open({.since = now() - std::chrono::hours(1), .cursor = "", .follow = false}, soon());
  REQUIRE(reader);
  const auto got = (*reader)->next(Millis(5000));
  REQUIRE(got);
  REQUIRE(got->size() == 1);
  const auto received = *parse_rfc3339((*got)[0]["received"].view());
  CHECK(std::chrono::abs(now() - received) < std::chrono::minutes(1));
  CHECK((*got)[0]["time"] == signal[0]["time"]);
}
