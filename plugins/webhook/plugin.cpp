#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/webhook/webhook_sink.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {row<cdctl::Sink, cdctl::webhook::WebhookSink>("webhook")};

constexpr std::array k_keys{
    KeyRow{KeyPlace::file, "webhook", "table", "", "{ url_file = \"chat.url\" }", "notify",
           "Posts to a chat, a receiver of events, a program of your own"},
    KeyRow{KeyPlace::file, "webhook.url", "address", "", "\"http://127.0.0.1:8065/hooks/x\"",
           "notify", "Where to, if the address is no secret"},
    KeyRow{KeyPlace::file, "webhook.url_file", "file", "", "\"chat.url\"", "notify",
           "A file of mode 0600 with the address"},
    KeyRow{KeyPlace::file, "webhook.url_env", "text", "", "\"CHAT_URL\"", "notify",
           "The environment variable with the address"},
    KeyRow{KeyPlace::file, "webhook.url_command", "list", "", "[\"pass\", \"chat-url\"]", "notify",
           "A program, without a shell, that prints the address"},
    KeyRow{KeyPlace::file, "webhook.token_file", "file", "", "\"events.token\"", "notify",
           "A file of mode 0600 with a bearer token"},
    KeyRow{KeyPlace::file, "webhook.token_env", "text", "", "\"EVENTS_TOKEN\"", "notify",
           "The environment variable with that token"},
    KeyRow{KeyPlace::file, "webhook.token_command", "list", "", "[\"pass\", \"events\"]", "notify",
           "A program, without a shell, that prints that token"},
    KeyRow{KeyPlace::file, "webhook.format", "word", "slack", "\"cloudevents\"", "notify",
           "slack (Mattermost and Rocket.Chat, too), teams, cloudevents, cdevents, json, text"},
    KeyRow{KeyPlace::file, "webhook.text", "text", "", "\"<severity>: <summary>\"", "notify",
           "Of format = \"text\": what is posted; the names are in docs/notify.md"},
    KeyRow{KeyPlace::file, "webhook.content_type", "text", "text/plain; charset=utf-8",
           "\"application/json\"", "notify", "Of that; in JSON what is put in is escaped"},
    KeyRow{KeyPlace::file, "webhook.environment", "text", "default", "\"production\"", "notify",
           "The environment that CDEvents name"},
    KeyRow{KeyPlace::file, "webhook.source", "text", "cdctl", "\"ci/cdctl\"", "notify",
           "Whose events these are, after a slash"},
    KeyRow{KeyPlace::file, "webhook.ca_file", "file", "the system's", "\"proxy-ca.pem\"", "notify",
           "Who signed its certificate"},
    KeyRow{KeyPlace::file, "webhook.receivers", "table", "none",
           "{ chat = { url_file = \"chat.url\" } }", "notify",
           "Further addresses by name, each with the keys of [webhook]: webhook:chat"},
};

}  // namespace

CDCTL_PLUGIN(.name = "webhook", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Tell chats and receivers of events by HTTP", .roles = k_roles,
             .keys = k_keys);
