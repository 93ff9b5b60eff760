#include <arpa/inet.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/url.hpp>

#include "plugins/rabbit/store/memory.hpp"
#include "plugins/rabbit/switch/switch.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/rabbit_broker.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;
using cdctl::test::Broker;
using cdctl::test::eventually;

namespace {

Deadline soon() { return Deadline(Millis(20'000)); }

SetMemo memo_of(const SetName& set, std::optional<Time> reaped_at = {}) {
  return {set,       "local", "web1:/var/lib/cdctl", {{"trunk", {"git", "u", "abc", 1}}}, now(), 3,
          reaped_at, {}};
}

}  // namespace

TEST_CASE("what a memory is told, every machine reads") {
  Broker broker;
  RabbitMemory memory(broker.host());
  RabbitSwitch rabbit(broker.host());
  const auto set = broker.set(1), gone = broker.set(2), strange = broker.set(3);
  auto service = broker.queue_service();
  service.table.find("rabbit")->set("max_connections", 6);
  REQUIRE(rabbit.provision(service, set, "s", soon()));
  REQUIRE(rabbit.provision(broker.queue_service(), strange, "s", soon()));
  const auto memo = memo_of(set);
  REQUIRE(memory.put_set(memo, soon()));
  REQUIRE(memory.put_set(memo_of(gone, now()), soon()));
  const CutMemo cut{true, "alice@web1", "errors", now(), 6, {}};
  REQUIRE(memory.put_cut(gone, cut, soon()));

  RabbitMemory elsewhere(broker.host());
  auto entries = elsewhere.read(set.service, soon()).value();
  REQUIRE(entries.size() == 3);
  auto entry = entries.at(set.str());
  CHECK(to_json(*entry.set) == to_json(memo));
  CHECK(entry.provisioned);
  CHECK(entry.cut == false);
  CHECK(entry.limit == 6);
  CHECK_FALSE(entry.cut_memo);
  CHECK(to_json(*entries.at(gone.str()).cut_memo) == to_json(cut));
  CHECK_FALSE(entries.at(gone.str()).provisioned);
  CHECK_FALSE(entries.at(gone.str()).cut);
  CHECK(entries.at(gone.str()).set->reaped_at);
  CHECK_FALSE(entries.at(strange.str()).set);
  CHECK(entries.at(strange.str()).provisioned);
  REQUIRE(rabbit.cut(set, "x", soon()));
  entry = elsewhere.read(set.service, soon()).value().at(set.str());
  CHECK(entry.cut == true);
  CHECK_FALSE(entry.limit);
  broker.must("PUT", "/user-limits/" + set.str() + "/max-connections",
              Json::object({{"value", -1}}));
  entry = elsewhere.read(set.service, soon()).value().at(set.str());
  CHECK(entry.cut == false);
  CHECK_FALSE(entry.limit);
  CHECK(elsewhere.read({}, soon()).value().contains(set.str()));
  CHECK(elsewhere.read("t-nobody", soon()).value().empty());
}

TEST_CASE("a parameter that cannot be used is reported and hurts no other") {
  Broker broker;
  RabbitMemory memory(broker.host());
  const auto good = broker.set(1), bad = broker.set(2), odd = broker.set(3);
  REQUIRE(memory.put_set(memo_of(good), soon()));
  broker.must("PUT", "/global-parameters/cdctl.set." + bad.str(),
              Json::object({{"value", "nonsense"}}));
  broker.must("PUT", "/global-parameters/cdctl.cut." + odd.str(),
              Json::object({{"value", Json::array({1, 2})}}));
  const auto entries = memory.read(good.service, soon());
  REQUIRE(entries);
  CHECK(entries->at(good.str()).set);
  CHECK_FALSE(entries->at(bad.str()).set);
  CHECK_FALSE(entries->at(odd.str()).cut_memo);
  CHECK(broker.host().logged.size() == 2);
}

TEST_CASE("among many sets, those of one service are looked up by their names") {
  Broker broker;
  RabbitMemory all(broker.host()), named(broker.host(), 0);
  RabbitSwitch rabbit(broker.host());
  const auto live = broker.set(1), gone = broker.set(2), bare = broker.set(3);
  REQUIRE(rabbit.provision(broker.queue_service(), live, "s", soon()));
  REQUIRE(rabbit.provision(broker.queue_service(), bare, "s", soon()));
  REQUIRE(all.put_set(memo_of(live), soon()));
  REQUIRE(all.put_set(memo_of(gone), soon()));
  REQUIRE(all.put_cut(gone, {true, "me", "bad", now(), {}, {}}, soon()));
  REQUIRE(all.put_force(live.service, Force{Force::State::observe, "me", "a look", now()}, soon()));
  broker.must("PUT", "/global-parameters/cdctl.set." + live.service + "x-" + live.revision,
              Json::object({{"value", "of another service"}}));
  const auto expected = all.read(live.service, soon()).value();
  REQUIRE(expected.size() == 3);
  for (int i = 0; i < 2; ++i) {  // the first look counts the users, the second knows
    const auto entries = named.read(live.service, soon()).value();
    REQUIRE(entries.size() == expected.size());
    for (const auto& [name, entry] : expected) {
      INFO(name);
      const auto& found = entries.at(name);
      CHECK(found.set.has_value() == entry.set.has_value());
      CHECK(found.cut_memo.has_value() == entry.cut_memo.has_value());
      CHECK(found.provisioned == entry.provisioned);
      CHECK(found.cut == entry.cut);
      REQUIRE(found.force);
      CHECK(found.force->why == "a look");
      CHECK(found.force->target == live.service);
      const auto noted = named.notes_of(*parse_set_name(name), soon()).value();
      CHECK(noted.set.has_value() == entry.set.has_value());
      REQUIRE(noted.cut_memo.has_value() == entry.cut_memo.has_value());
      if (noted.cut_memo) CHECK(to_json(*noted.cut_memo) == to_json(*entry.cut_memo));
      REQUIRE(noted.force);
      CHECK(noted.force->target == live.service);
    }
  }
  CHECK(named.read("t-nobody", soon()).value().empty());
  REQUIRE(all.put_force(live.str(), Force{Force::State::closed, "me", "this one", now()}, soon()));
  for (auto* memory : {&all, &named}) {
    CHECK(memory->force_of(live, soon()).value()->why == "this one");
    CHECK(memory->force_of(live, soon()).value()->target == live.str());
    CHECK(memory->force_of(bare, soon()).value()->why == "a look");
    CHECK_FALSE(memory->force_of(SetName{"t-nobody", live.revision}, soon()).value());
    CHECK(memory->notes_of(live, soon()).value().force->why == "this one");
    CHECK_FALSE(memory->notes_of(SetName{"t-nobody", live.revision}, soon()).value().force);
  }
  CHECK(named.read({}, soon()).value().contains(live.str()));
}

TEST_CASE("trim forgets the oldest tombstones with their cuts, and nothing that lives") {
  Broker broker;
  RabbitMemory memory(broker.host());
  RabbitSwitch rabbit(broker.host());
  const auto live = broker.set(9);
  REQUIRE(rabbit.provision(broker.queue_service(), live, "s", soon()));
  REQUIRE(memory.put_set(memo_of(live, now() - std::chrono::hours(99)), soon()));
  REQUIRE(memory.put_set(memo_of(broker.set(8)), soon()));
  for (int i = 1; i <= 4; ++i) {
    REQUIRE(memory.put_set(memo_of(broker.set(i), now() - std::chrono::hours(10 - i)), soon()));
    REQUIRE(memory.put_cut(broker.set(i), {true, "me", "bad", now(), {}, {}}, soon()));
  }
  REQUIRE(memory.trim(live.service, 2, soon()));
  auto entries = memory.read(live.service, soon()).value();
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries) names.push_back(name.substr(name.size() - 1));
  CHECK(names == std::vector<std::string>{"3", "4", "8", "9"});
  CHECK(entries.at(broker.set(4).str()).cut_memo);
  REQUIRE(memory.trim(live.service, 2, soon()));
  CHECK(memory.read(live.service, soon()).value().size() == 4);
}

TEST_CASE("one at a time holds a service's lock") {
  Broker broker;
  RabbitMemory first(broker.host()), second(broker.host());
  const auto name = broker.queue();
  auto held = first.lock(name, soon());
  REQUIRE(held);
  CHECK(second.lock(name + "x", soon()));
  const auto refused = second.lock(name, Deadline(Millis(100)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::timeout);
  SECTION("and the next one gets it when it is given back") {
    held->reset();
    CHECK(second.lock(name, soon()));
  }
  SECTION("and one that asked in advance gets it then") {
    second.prefetch_lock(name);
    held->reset();
    CHECK(second.lock(name, soon()));
  }
}

TEST_CASE("what a revision does once has a lock of its own, which holds up no cut") {
  Broker broker;
  RabbitMemory first(broker.host()), second(broker.host());
  auto held = first.lock_release(broker.queue(), soon());
  REQUIRE(held);
  CHECK(second.lock(broker.queue(), soon()));
  const auto refused = second.lock_release(broker.queue(), Deadline(Millis(100)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == ExitCode::timeout);
  held->reset();
  CHECK(second.lock_release(broker.queue(), soon()));
}

TEST_CASE("a lock asked for in advance and never used is given back") {
  Broker broker;
  RabbitMemory second(broker.host());
  {
    RabbitMemory first(broker.host());
    first.prefetch_lock(broker.queue());
    CHECK(first.lock(broker.queue(), soon()));
    first.prefetch_lock(broker.queue());
  }
  CHECK(second.lock(broker.queue(), soon()));
}

TEST_CASE("a lock dies with its holder") {
  Broker broker;
  const auto name = broker.queue();
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    test::TestHost host(broker.folder());
    host.config_value = broker.host().config_value;
    RabbitMemory memory(host);
    const auto lock = memory.lock(name, soon());
    (void)!::write(ready[1], lock ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  RabbitMemory memory(broker.host());
  CHECK_FALSE(memory.lock(name, Deadline(Millis(50))));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(memory.lock(name, soon()));
}

TEST_CASE("a name that is no service never reaches the broker as a lock") {
  Broker broker;
  RabbitMemory memory(broker.host());
  CHECK_FALSE(memory.lock("../x", soon()));
}

namespace {

/// Takes connections and never answers.
class Silent {
 public:
  Silent() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(fd_.get(), 64) != 0)
      throw std::runtime_error("no socket to listen on");
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] Json table(Json like) const {
    return like.set("management", fmt::format("http://127.0.0.1:{}", port_));
  }

 private:
  Fd fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port_ = 0;
};

}  // namespace

TEST_CASE("a revision is held out by the name of its set") {
  Broker broker;
  const auto set = broker.set(1);
  RabbitMemory memory(broker.host());
  REQUIRE(memory.put_hold(set.str(), Hold{"me", "an older one", now(), {}}, soon()));
  REQUIRE(memory.put_hold(set.service, Hold{"me", "the end", now(), {}, true}, soon()));
  RabbitMemory other(broker.host());
  REQUIRE(other.read(set.service, soon()));
  auto holds = other.holds(soon()).value();
  CHECK(holds.at(set.str()).why == "an older one");
  CHECK(holds.at(set.service).retiring);
  REQUIRE(memory.put_hold(set.str(), {}, soon()));
  REQUIRE(other.read(set.service, soon()));  // a look for one service forgets what it saw before
  holds = other.holds(soon()).value();
  CHECK_FALSE(holds.contains(set.str()));
  CHECK(holds.contains(set.service));
  REQUIRE(memory.put_hold(set.service, {}, soon()));
}

TEST_CASE("the freezes of a service wait for no broker that it does not live on") {
  Broker broker;
  const auto set = broker.set(1);
  broker.host().config_value.services.push_back(broker.service());
  RabbitMemory alone(broker.host());
  REQUIRE(alone.put_set(memo_of(set), soon()));
  REQUIRE(alone.put_hold(set.service, Hold{"me", "the sale", now(), {}}, soon()));
  const Silent silent;
  const auto other = silent.table(broker.table());
  broker.table().set("brokers", Json::object({{"silent", other}}));
  RabbitMemory memory(broker.host());
  REQUIRE(memory.read(set.service, soon()).value().size() == 1);
  const Deadline deadline(Millis(5000));
  const auto holds = memory.holds(deadline).value();
  CHECK_FALSE(deadline.passed());
  REQUIRE(holds.contains(set.service));
  CHECK(holds.at(set.service).why == "the sale");

  // Nor do its sets, where a service of the silent one is asked for first.
  ServiceConfig unheard = broker.service(Json::object({{"broker", "silent"}}));
  unheard.name += "-unheard";
  broker.host().config_value.services.push_back(unheard);
  RabbitMemory later(broker.host());
  const Deadline shared(Millis(8000));
  CHECK_FALSE(later.read(unheard.name, shared));
  CHECK_FALSE(later.read(unheard.name, shared));
  const auto entries = later.read(set.service, shared);
  REQUIRE(entries);
  CHECK(entries->size() == 1);
}

TEST_CASE("times are kept by the broker's clock, and read by ours") {
  const auto ours_is_ahead = GENERATE(true, false);
  const Millis wrong = ours_is_ahead ? std::chrono::hours(1) : -std::chrono::hours(1);
  // A broker whose clock differs from ours.
  const auto answer = [&](int status, const Json& body) {
    auto text = test::FakeHttp::answer(status, body.dump());
    const auto there = now() - wrong;
    const auto seconds = std::chrono::system_clock::to_time_t(there);
    std::string date(64, 0);
    date.resize(std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT",
                              std::gmtime(&seconds)));
    return text.insert(text.find("\r\n") + 2, "Date: " + date + "\r\n");
  };
  Broker broker;
  const auto set = broker.set(1);
  const auto mended = now() - wrong - std::chrono::minutes(1);
  const CutMemo there{false, "alice@web1", "", mended - std::chrono::minutes(9), {}, mended};
  test::FakeHttp server([&](const test::FakeHttp::Request& request) {
    if (request.method != "GET") return answer(204, {});
    if (!request.path.contains("global-parameters")) return answer(200, Json::array());
    return answer(200, Json::array({Json::object(
                           {{"name", "cdctl.cut." + set.str()}, {"value", to_json(there)}})}));
  });
  const auto management = broker.table()["management"];
  broker.table().set("management", server.url());
  RabbitMemory memory(broker.host());
  const auto entry = memory.read(set.service, soon()).value().at(set.str());
  const auto near = [](Time a, Time b) { return std::chrono::abs(a - b) < Millis(5000); };
  CHECK(near(*entry.cut_memo->mended_at, now() - std::chrono::minutes(1)));
  CHECK(near(entry.cut_memo->at, now() - std::chrono::minutes(10)));
  CHECK(broker.host().logged.size() == 1);
  CHECK(broker.host().logged[0].contains("NTP"));
  REQUIRE(memory.put_cut(set, *entry.cut_memo, soon()));  // and what goes back is what it was
  const auto sent = Json::parse(server.seen().back().body).value();
  CHECK(sent["value"] == to_json(there));
  auto fresh = *entry.cut_memo;
  fresh.mended_at = now();
  REQUIRE(memory.put_cut(set, fresh, soon()));
  const auto noted = Json::parse(server.seen().back().body).value()["value"]["mended_at"];
  CHECK(near(*parse_rfc3339(noted.view()), now() - wrong));
  broker.table().set("management", management);
}

TEST_CASE("a lock is proven only while it is held") {
  Broker broker;
  RabbitMemory memory(broker.host()), other(broker.host());
  const auto name = broker.queue();
  auto lock = memory.lock(name, soon());
  REQUIRE(lock);
  CHECK((*lock)->prove(soon()));
  CHECK((*lock)->prove(soon()));
  SECTION("its connection is closed, and another takes it") {
    const auto connection = [&] {
      const auto rows = broker.api("GET", "/connections").second;
      for (const auto& row : rows.items())
        if (row["client_properties"]["connection_name"].view().contains("lock " + name))
          return row["name"].as_string();
      return std::string();
    };
    REQUIRE(eventually([&] { return !connection().empty(); }));
    (void)broker.api("DELETE", "/connections/" + url_encode(connection()));
    CHECK(eventually([&] { return other.lock(name, Deadline(Millis(500))).has_value(); }));
  }
  SECTION("its queue is deleted by hand") {
    const auto vhost = broker.vhost();
    const auto [status, body] =
        broker.api("DELETE", "/queues/" + vhost + "/" + "cdctl.lock." + name);
    if (status != 204) return;  // a broker that keeps exclusive queues from others
  }
  const auto proof = (*lock)->prove(soon());
  REQUIRE_FALSE(proof);
  CHECK(proof.error().exit == ExitCode::unknown);
  CHECK(proof.error().what.contains("was lost"));
  CHECK_FALSE((*lock)->prove(soon()));
}

TEST_CASE("a broker says since when it is up") {
  Broker broker;
  RabbitSwitch rabbit(broker.host());
  const auto since = rabbit.up_since(broker.set(1), soon());
  REQUIRE(since);
  REQUIRE(*since);
  CHECK(**since < now());
  CHECK(**since > now() - std::chrono::hours(24 * 30));
}
