#include "plugins/rabbit/setup.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>
#include <cdctl/url.hpp>

#include "plugins/rabbit/framework_clue.hpp"

namespace cdctl::rabbit {

namespace {

constexpr const char* k_usual = "http://127.0.0.1:15672";
/// Where the password goes, from the folder of cdctl.toml.
constexpr const char* k_password_file = "secrets/rabbit.password";

struct Answers {
  std::string management;  ///< empty = no broker
  std::string amqp, vhost = "/", user;
  std::string password;  ///< goes to a 0600 file and nowhere else
  std::vector<std::string> queues;
  std::optional<FrameworkClue> framework;  ///< what the trunk asks for
};

// ---------------------------------------------------------------- asking the broker

Result<HttpResponse> ask(Host& host, const Answers& answers, std::string_view path,
                         Millis patience) {
  CDCTL_TRY_ASSIGN(auto* const http, host.http());
  HttpRequest request;
  request.url = answers.management + "/api" + std::string(path);
  request.user = answers.user;
  request.password = answers.password;
  request.deadline = Deadline(patience);
  request.max_bytes = 16u << 20;
  return http->send(request);
}

/// The management API of a broker on this machine's usual port, if one answers within 300 ms; else
/// empty. No login is tried.
std::string broker_nearby(Host& host) {
  Answers nobody;
  nobody.management = k_usual;
  const auto answer = ask(host, nobody, "/overview", Millis(300));
  if (!answer || answer->status != 401) return {};
  const auto realm = answer->headers.find(
      "www-authenticate");  // RabbitMQ names itself: Basic realm="RabbitMQ Management"
  return realm != answer->headers.end() && realm->second.contains("RabbitMQ") ? k_usual : "";
}

/// What the broker says to these answers; 3 s.
struct Reply {
  bool reached = false;
  bool login = true;  ///< false: it refused user and password
  bool administrator = true;
  int amqp_port = 5672;  ///< where it listens
  std::string trouble;   ///< why it was not reached
};

Reply ask_broker(Host& host, const Answers& answers) {
  Reply reply;
  const auto overview = ask(host, answers, "/overview", std::chrono::seconds(3));
  if (!overview) {
    reply.trouble = overview.error().what;
    return reply;
  }
  reply.reached = true;
  reply.login = overview->status != 401;
  const auto who = reply.login ? ask(host, answers, "/whoami", std::chrono::seconds(3)) : overview;
  if (const auto json = who ? Json::parse(who->body) : Result<Json>(Json()); json && reply.login)
    reply.administrator = std::ranges::any_of(
        (*json)["tags"].items(), [](const Json& tag) { return tag.view() == "administrator"; });
  if (const auto json = Json::parse(overview->body))
    for (const auto& listener : (*json)["listeners"].items())
      if (listener["protocol"].view() == "amqp")
        reply.amqp_port = static_cast<int>(listener["port"].as_int(5672));
  return reply;
}

// ---------------------------------------------------------------- asking people

/// A management address that people gave, `http://USER@HOST:PORT`, into `management` and, where it
/// is named, `user`.
Result<> read_address(const std::string& text, Answers& answers) {
  const auto wrong = [&](std::string_view why) {
    return fail(ExitCode::usage,
                fmt::format("init: --broker '{}' {}; give the address of the broker's management "
                            "API, such as http://USER@127.0.0.1:15672, or none",
                            printable(text.contains('@') ? "…" : text, 80), why));
  };
  const auto url = parse_url(text);
  if (!url || (url->scheme != "http" && url->scheme != "https"))
    return wrong("is no http or https address");
  if (!url->password.empty()) return wrong("may hold no password: use --password-file");
  answers.user = url->user;
  auto& out = answers.management = url->without_credentials();
  while (out.ends_with('/')) out.pop_back();
  if (out.ends_with("/api")) out.resize(out.size() - 4);
  return {};
}

class Interview {
 public:
  Interview(Host& host, Dialogue& dialogue, const SetupService& service)
      : host_(host), dialogue_(dialogue), service_(service) {}

  Result<Answers> run() {
    if (service_.adding)
      broker_of_before();
    else
      CDCTL_TRY(broker());
    if (!service_.folder.empty()) answers_.framework = framework_in(service_.folder);
    if (!answers_.management.empty()) CDCTL_TRY(queues());
    return std::move(answers_);
  }

 private:
  /// The configuration is there already: a broker it names is the service's, too.
  void broker_of_before() {
    if (dialogue_.option("broker"))
      dialogue_.warn("--broker is left aside: cdctl.toml is there already and stays as it is");
    const auto& named = host_.config().table["rabbit"]["management"];
    const auto nodes = named.items();  // of a cluster
    answers_.management = nodes.empty() ? named.as_string() : nodes.front().as_string();
  }

  Result<> broker() {
    auto word = dialogue_.option("broker").value_or("");
    if (word.empty() && dialogue_.asks()) {
      const auto found = broker_nearby(host_);
      CDCTL_TRY_ASSIGN(word, dialogue_.line("RabbitMQ: its management API, or none",
                                            found.empty() ? "none" : found));
    }
    if (word.empty() || word == "none") return {};
    CDCTL_TRY(read_address(word, answers_));
    const auto user = answers_.user;
    for (int tries = 0;; ++tries) {
      CDCTL_TRY(login(user));
      const auto reply = ask_broker(host_, answers_);
      if (!reply.reached || reply.login) return note_reply(reply);
      const auto refused = fmt::format("the broker at {} refused the login of {}",
                                       answers_.management, printable(answers_.user, 60));
      if (!dialogue_.asks() || dialogue_.option("password-file") || tries == 2)
        return fail(ExitCode::config,
                    "init: " + refused + "; check the user in --broker, and --password-file");
      dialogue_.warn(refused + "; once more");
    }
  }

  Result<> login(const std::string& user) {
    if (user.empty() && !dialogue_.asks())
      return fail(ExitCode::usage, "init: --broker names no user; say it as http://USER@HOST:PORT");
    if (user.empty()) {
      CDCTL_TRY_ASSIGN(answers_.user,
                       dialogue_.line("A user of the broker with the tag administrator", "cdctl"));
    }
    auto& password = answers_.password;
    if (const auto file = dialogue_.option("password-file")) {
      CDCTL_TRY_ASSIGN(password, read_file(*file, 1 << 16));
      password.resize(std::min(password.find_first_of("\r\n"), password.size()));
      return {};
    }
    if (!dialogue_.asks()) return fail(dialogue_.missing("--password-file"));
    CDCTL_TRY_ASSIGN(password, dialogue_.secret("Password of " + printable(answers_.user, 60)));
    return {};
  }

  Result<> note_reply(const Reply& reply) {
    if (!reply.reached)
      dialogue_.warn(fmt::format("{} does not answer now: {}; cdctl doctor will say when it does",
                                 answers_.management, reply.trouble));
    if (!reply.administrator)
      dialogue_.warn(fmt::format(
          "{} is no administrator of the broker: rabbitmqctl set_user_tags {} administrator",
          printable(answers_.user, 60), printable(answers_.user, 60)));
    const auto url = parse_url(answers_.management);
    const auto host = url ? (url->host.contains(':') ? "[" + url->host + "]" : url->host)
                          : std::string("127.0.0.1");
    const auto found = fmt::format("amqp://{}:{}", host, reply.amqp_port);
    answers_.amqp = found;
    while (dialogue_.asks_all()) {
      CDCTL_TRY_ASSIGN(answers_.amqp,
                       dialogue_.line("Its AMQP address, for the workers too", found));
      const auto amqp = parse_url(answers_.amqp);
      if (amqp && amqp->scheme.starts_with("amqp") && amqp->password.empty()) break;
      dialogue_.warn("that is no address such as amqp://127.0.0.1:5672, without user and password");
    }
    return {};
  }

  Result<> queues() {
    auto text = service_.name;
    if (answers_.framework && !answers_.framework->framework->queue.empty())
      text = answers_.framework->framework->queue;
    if (dialogue_.asks_all()) {
      CDCTL_TRY_ASSIGN(text, dialogue_.line("Queues of its workers, blanks between", text));
    }
    for (const auto word : words(text)) answers_.queues.emplace_back(word);
    return {};
  }

  Host& host_;
  Dialogue& dialogue_;
  const SetupService& service_;
  Answers answers_;
};

// ---------------------------------------------------------------- what is written

/// A TOML basic string: its escapes are those of JSON.
std::string toml_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string rabbit_table(const Answers& broker) {
  if (broker.management.empty())
    return "# Without a broker everything works but the cut from RabbitMQ. With one:\n"
           "# [rabbit]\n"
           "# management    = \"http://127.0.0.1:15672\"\n"
           "# amqp          = \"amqp://127.0.0.1:5672\"\n"
           "# user          = \"cdctl\"              # an administrator of the broker\n"
           "# password_file = \"rabbit.password\"    # mode 0600\n";
  return fmt::format(
      "[rabbit]\n"
      "management    = {}   # the broker's management API\n"
      "amqp          = {}   # for cdctl and for the workers\n"
      "vhost         = {}\n"
      "user          = {}   # an administrator: it makes a user for each set\n"
      "password_file = {}   # mode 0600\n",
      toml_text(broker.management), toml_text(broker.amqp), toml_text(broker.vhost),
      toml_text(broker.user), toml_text(k_password_file));
}

std::string queues_table(const Answers& answers) {
  if (answers.management.empty() || answers.queues.empty()) return "";
  const auto* framework = answers.framework ? answers.framework->framework : nullptr;
  std::string list;
  for (const auto& queue : answers.queues)
    list += fmt::format("{}{} = {{ type = \"{}\" }}", list.empty() ? "" : ", ", toml_text(queue),
                        framework ? "classic" : "quorum");
  if (!framework)
    return fmt::format(
        "\n[rabbit]    # declared by deploy; the workers of a set may read these queues and "
        "nothing "
        "else\n"
        "queues = {{ {} }}\n"
        "# publish = [\"results\"]    # exchanges that they may publish to; \"\" is the default "
        "exchange\n",
        list);
  return fmt::format(
      "\n[rabbit]    # declared by deploy, and by the workers: what they may do is in "
      "docs/frameworks/README.md\n"
      "framework = {0}    # {1} asks for it\n"
      "queues    = {{ {2} }}    # a guess: name those that its workers declare, and their types\n"
      "{3}",
      toml_text(framework->name), printable(answers.framework->because, 60), list,
      framework->default_exchange ? ""
                                  : "# publish = [\"results\"]    # exchanges that they may "
                                    "publish to; \"\" is the default "
                                    "exchange\n");
}

}  // namespace

Result<SetupText> RabbitSetup::do_interview(Dialogue& dialogue, const SetupService& service) {
  CDCTL_TRY_ASSIGN(const auto answers, Interview(host_, dialogue, service).run());
  SetupText text;
  text.configuration = rabbit_table(answers);
  text.service = queues_table(answers);
  if (answers.framework && answers.framework->framework->helpers && !text.service.empty())
    text.head = fmt::format(
        "stop = \"main\"    # TERM for the main process alone: {} ends its helpers itself, when "
        "they "
        "are done\n"
        "# by the names in its Procfile: without it what still runs after 10 s is ended, and lost\n"
        "stop_timeout = {{ worker = \"until done, at most 25m\" }}\n",
        answers.framework->framework->title);
  const bool secret = !service.adding && !answers.management.empty();
  text.files.push_back({k_password_file, secret ? answers.password + "\n" : ""});
  return text;
}

}  // namespace cdctl::rabbit
