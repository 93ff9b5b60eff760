#include "plugins/rabbit/switch/rights.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/names.hpp"

namespace cdctl::rabbit {

namespace {

/// More users than these are listed, all of the broker at once.
constexpr std::size_t k_one_by_one = 20;

/// What the broker says of one user.
struct Given {
  std::vector<Json> permissions, topics;
  std::vector<std::string> tags;
};

/// A list; one text in old versions.
std::vector<std::string> tags_of(const Json& user) {
  std::vector<std::string> out;
  for (const auto& tag : user["tags"].items()) out.push_back(tag.as_string());
  if (user["tags"].is_string() && !user["tags"].view().empty())
    out.push_back(user["tags"].as_string());
  return out;
}

/// Says what differs for one set.
class Judge {
 public:
  Judge(const Provisioned& set, const std::string& vhost, const Given& given)
      : set_(set), vhost_(vhost), given_(given) {}

  std::string run() {
    if (given_.tags != std::vector<std::string>{k_tag})
      add(fmt::format("it has the tags '{}' instead of '{}'", joined(given_.tags, ","), k_tag));
    // One that was made before its service moved is where it was made.
    if (!set_.as_filed && given_.permissions.size() == 1)
      vhost_ = given_.permissions.front()["vhost"].as_string();
    const Json* here = nullptr;
    for (const auto& row : given_.permissions) {
      if (row["vhost"].view() == vhost_)
        here = &row;
      else
        add(fmt::format("it may enter the virtual host {}", printable(row["vhost"].view(), 60)));
    }
    if (!here)
      add(
          fmt::format("it has no permission on the virtual host {}, so that none of its units "
                      "gets in",
                      printable(vhost_, 60)));
    else
      permission(*here);
    topics();
    return joined(wrong_, "; ");
  }

 private:
  void add(std::string text) { wrong_.push_back(std::move(text)); }

  void permission(const Json& row) {
    std::optional<Rights> want;
    if (const auto topology = read_topology(*set_.service); topology && set_.as_filed)
      want = rights_of(*topology, set_.set, turns_of(*set_.service));
    const auto judge = [&](const char* key, std::string Rights::* wanted) {
      const auto has = row[key].view();
      if (want)
        compare(key, has, (*want).*wanted);
      else if (!of_our_making(has))
        add(fmt::format("{} is '{}'", key, printable(has, 80)));
    };
    judge("configure", &Rights::configure);
    judge("write", &Rights::write);
    judge("read", &Rights::read);
  }

  void compare(std::string_view key, std::string_view has, std::string_view want) {
    // Nothing may be written as nothing, too.
    if (has == want || (has.empty() && want == "^$")) return;
    add(fmt::format("{} is '{}' instead of '{}'", key, printable(has, 80), want));
  }

  void topics() {
    const auto want = rights_of({}, set_.set).topic;
    bool there = false;
    for (const auto& row : given_.topics) {
      if (row["vhost"].view() != vhost_ || row["exchange"].view() != k_signals) continue;
      there = true;
      compare("its routing key of signals", row["write"].view(), want);
    }
    if (!there) add("it may publish signals under every routing key");
  }

  const Provisioned& set_;
  std::string vhost_;
  const Given& given_;
  std::vector<std::string> wrong_;
};

using Everybody = std::map<std::string, Given, std::less<>>;

Result<Everybody> ask_for_all(Management& management, const Deadline& deadline) {
  const std::array calls{
      ApiCall{.path = "/users?columns=name,tags", .doing = "listing users", .shape = Shape::list},
      ApiCall{.path = "/permissions", .doing = "reading who may do what", .shape = Shape::list},
      ApiCall{.path = "/topic-permissions",
              .doing = "reading who may signal what",
              .shape = Shape::list}};
  const auto answers = management.send_all(calls, deadline);
  std::vector<Json> lists;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    CDCTL_TRY_ASSIGN(auto list, management.parse(calls[i], *answers[i]));
    lists.push_back(std::move(list));
  }
  Everybody out;
  for (const auto& user : lists[0].items()) out[user["name"].as_string()].tags = tags_of(user);
  const auto sort = [&](const Json& rows, std::vector<Json> Given::* into) {
    for (const auto& row : rows.items())
      if (const auto user = out.find(row["user"].view()); user != out.end())
        (user->second.*into).push_back(row);
  };
  sort(lists[1], &Given::permissions);
  sort(lists[2], &Given::topics);
  return out;
}

Result<Everybody> ask_one_by_one(Management& management, std::span<const Provisioned> sets,
                                 const Deadline& deadline) {
  std::vector<ApiCall> calls;
  for (const auto& set : sets) {
    const auto name = set.set.str();
    calls.push_back(
        {.path = path_of({"users", name}), .doing = "reading the user " + name, .name = name});
    for (const auto* kind : {"permissions", "topic-permissions"})
      calls.push_back({.path = path_of({"users", name, kind}),
                       .doing = fmt::format("reading the {} of {}", kind, name),
                       .shape = Shape::list});
  }
  const auto answers = management.send_all(calls, deadline);
  Everybody out;
  for (std::size_t i = 0; i < calls.size(); i += 3) {
    std::array<Json, 3> parts;
    bool there = true;
    for (std::size_t part = 0; part < parts.size() && there; ++part) {
      const auto& answer = answers[i + part];
      if (!answer) return fail(answer.error());
      there = !answer->not_there();
      if (!there) break;
      CDCTL_TRY_ASSIGN(parts[part], management.parse(calls[i + part], *answer));
    }
    if (!there) continue;  // without a user, or it goes just now
    auto& given = out[sets[i / 3].set.str()];
    given.tags = tags_of(parts[0]);
    for (const auto& row : parts[1].items()) given.permissions.push_back(row);
    for (const auto& row : parts[2].items()) given.topics.push_back(row);
  }
  return out;
}

/// Whether the set was made from what the service's file says now. One of which nobody knows it
/// counts as such.
Result<bool> as_filed(Management& management, const ServiceConfig& service, const SetName& set,
                      const Deadline& deadline) {
  const auto name = "cdctl.set." + set.str();
  CDCTL_TRY_ASSIGN(const auto memo,
                   management.get_if_there({.path = path_of({"global-parameters", name}),
                                            .doing = "reading the global parameter " + name,
                                            .name = name},
                                           deadline));
  if (!memo) return true;
  const auto& made_from = (*memo)["value"]["sources"]["service"]["revision"];
  return !made_from.is_string() || made_from.view() == service.shape().revision;
}

}  // namespace

Json Rights::permission() const {
  return Json::object({{"configure", configure}, {"write", write}, {"read", read}});
}

Json Rights::topic_permission() const {
  return Json::object({{"exchange", k_signals}, {"write", topic}, {"read", "^$"}});
}

namespace {

/// Collects the names of the three rights.
class Grants {
 public:
  std::vector<std::string> configure, write, read;

  Grants(const Topology& topology, const std::vector<TurnNames>& turns) : topology_(topology) {
    // Who can make an exchange could bind it to that of the signals, if it may write there.
    if (!topology.declares() || topology.publishes_to(k_signals))
      write.push_back(escaped(k_signals));
    for (const auto& name : topology.publish)
      if (name != k_signals) add(write, name.empty() ? "amq.default" : name);
    for (const auto& [name, queue] : topology.queues) add(read, name);
    for (const auto& turn : turns) {
      add(read, turn.queue);
      add(write, turn.exchange);
    }
    if (topology.framework) of_framework(*topology.framework);
    for (const auto& name : topology.configure) add_pattern(configure, with_stars(name));
    for (const auto& name : topology.write) add_pattern(write, with_stars(name));
    for (const auto& name : topology.read) add_pattern(read, with_stars(name));
  }

 private:
  static void add_pattern(std::vector<std::string>& to, std::string pattern) {
    if (std::ranges::find(to, pattern) == to.end()) to.push_back(std::move(pattern));
  }
  static void add(std::vector<std::string>& to, std::string_view name) {
    add_pattern(to, escaped(name));
  }

  /// To declare queues and exchanges takes `configure`; to bind them `write` to the queue, and
  /// `read` of the exchange, which one that is called like a queue has.
  void of_framework(const Framework& framework) {
    for (const auto& [name, queue] : topology_.queues) {
      add(configure, name);
      add(write, name);
      if (!framework.parks) continue;
      for (const auto* kind : {".DQ", ".XQ"}) add(configure, name + kind);
      add(read, name + ".DQ");
    }
    for (const auto& [name, exchange] : topology_.exchanges) {
      add(configure, name);
      add(read, name);
    }
    if (framework.default_exchange) add(write, "amq.default");
    for (const auto& names : framework.names) {
      if (names.control && !topology_.remote_control) continue;
      add_pattern(configure, std::string(names.pattern));
      if (names.write) add_pattern(write, std::string(names.pattern));
      if (names.read) add_pattern(read, std::string(names.pattern));
    }
  }

  const Topology& topology_;
};

}  // namespace

Rights rights_of(const Topology& topology, const SetName& set,
                 const std::vector<TurnNames>& turns) {
  const Grants grants(topology, turns);
  return {any_of(grants.configure), any_of(grants.write), any_of(grants.read),
          fmt::format("^{}\\.{}\\.", set.service, set.revision)};
}

Result<std::map<std::string, std::string>> wrong_rights(Management& management,
                                                        std::span<const Provisioned> sets,
                                                        const Deadline& deadline) {
  std::map<std::string, std::string> out;
  CDCTL_TRY_ASSIGN(const auto given, sets.size() > k_one_by_one
                                         ? ask_for_all(management, deadline)
                                         : ask_one_by_one(management, sets, deadline));
  for (const auto& set : sets) {
    const auto user = given.find(set.set.str());
    if (user == given.end()) continue;
    if (auto wrong = Judge(set, management.settings().amqp.vhost, user->second).run();
        !wrong.empty())
      out.emplace(set.set.str(), std::move(wrong));
  }
  return out;
}

Result<> repair_rights(Management& management, const ServiceConfig& service, const Rights& rights,
                       const SetName& set, const Deadline& deadline) {
  const auto user = set.str();
  const auto& vhost = management.settings().amqp.vhost;
  const Provisioned one{&service, set, true};
  CDCTL_TRY_ASSIGN(const auto all, ask_one_by_one(management, std::span(&one, 1), deadline));
  CDCTL_TRY_ASSIGN(const bool filed, as_filed(management, service, set, deadline));
  const auto given = all.find(user);
  auto give = rights;
  std::vector<ApiCall> calls;
  for (const auto& row : given == all.end() ? std::vector<Json>() : given->second.permissions) {
    const auto where = row["vhost"].as_string();
    if (where == vhost && !filed) {
      if (of_our_making(row["configure"].view())) give.configure = row["configure"].as_string();
      if (of_our_making(row["write"].view())) give.write = row["write"].as_string();
      if (of_our_making(row["read"].view())) give.read = row["read"].as_string();
    }
    // One that was made before its service moved still works where it was made.
    if (where != vhost && filed)
      calls.push_back({.method = "DELETE",
                       .path = path_of({"permissions", where, user}),
                       .doing = "taking a permission from " + user});
  }
  for (const auto& row : given == all.end() ? std::vector<Json>() : given->second.topics)
    if (row["vhost"].view() == vhost && row["exchange"].view() != k_signals)
      calls.push_back({.method = "DELETE",
                       .path = path_of({"topic-permissions", vhost, user}),
                       .doing = "taking the topic permissions from " + user});
  calls.push_back({.method = "PUT",
                   .path = path_of({"topic-permissions", vhost, user}),
                   .body = give.topic_permission(),
                   .doing = "giving the topic permission of " + user});
  calls.push_back({.method = "PUT",
                   .path = path_of({"permissions", vhost, user}),
                   .body = give.permission(),
                   .doing = "giving the permissions of " + user});
  for (const auto& call : calls) {
    CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
    const bool gone = call.method == "DELETE" && answer.not_there();
    if (!answer.ok() && !gone) return fail(management.explain(call, answer));
  }
  return {};
}

}  // namespace cdctl::rabbit
