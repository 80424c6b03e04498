package config

import (
	"slices"
	"strings"
)

// builtInGuards are rules for what agents do that is not undone: all of them
// alert. Several rules may share a name: one in the file replaces them all.
func builtInGuards() []Guard {
	return slices.Concat(
		named("delete-tree", treeCommands()),
		named("destroy-data", dataCommands()),
		named("break-machine", machineCommands()),
		named("destroy-infrastructure", infrastructureCommands()),
		named("force-push", pushCommands()),
		named("discard-work", workCommands()),
		named("database-drop", databaseCommands()),
		databaseTools(),
		named("http-delete", httpCommands()),
		httpTools(),
		named("publish", publishCommands()),
		named("patch-delete", []GuardCommand{{Program: "apply_patch", Paths: []string{"*"}}}),
		named("mail-tool", []GuardCommand{{Program: "mail|mailx|sendmail|mutt|msmtp"}}),
		builtInTools(),
	)
}

// named makes a rule of each command.
func named(name string, commands []GuardCommand) []Guard {
	rules := make([]Guard, len(commands))
	for i := range commands {
		rules[i] = Guard{Name: name, Command: &commands[i]}
	}
	return rules
}

// method fits functions by the last part of their names: behind a bracket only that is
// read.
func method(names ...string) string {
	return strings.Join(names, "|") + "|*." + strings.Join(names, "|*.")
}

func treeCommands() []GuardCommand {
	return []GuardCommand{
		{Program: "rm|srm|unlink|rmdir|del|erase|rd|remove-item|ri", Recursive: true},
		{Program: "rimraf|shutil.rmtree|rmtree|remove_tree|*.rm_rf|*.rm_r|*.remove_entry|fs.rm|fs.promises.rm|rmsync|*.rmsync"},
		{Program: "aws|gsutil|mc|bq", Subcommand: "rm", Recursive: true},
		{Program: "aws|mc", Subcommand: "rb"},
		{Program: "gcloud", Subcommand: "storage", Paths: []string{"rm"}, Recursive: true},
		{Program: "hdfs|hadoop", Flags: []string{"-rm", "-rmr"}, Recursive: true},
		{Program: "rclone", Subcommand: "purge|delete|sync"},
		{Program: "find", Flags: []string{"-delete"}},
		{Program: "git", Subcommand: "clean", Flags: []string{"-f", "--force"}},
		{Program: "rsync", Flags: []string{"--delete", "--delete-before", "--delete-during", "--delete-after", "--delete-delay", "--delete-excluded"}},
		{Program: "aws", Subcommand: "sync", Flags: []string{"--delete"}},
		{Program: "gsutil", Subcommand: "rsync", Flags: []string{"-d"}},
		{Program: "gcloud", Subcommand: "storage", Flags: []string{"--delete-unmatched-destination-objects"}},
	}
}

func dataCommands() []GuardCommand {
	volumes := []string{"-v", "--volumes"}
	return []GuardCommand{
		{Program: "dd", Paths: []string{"of=*"}},
		{Program: "mkfs|mkfs.*|mke2fs|wipefs|shred|truncate|blkdiscard|fdisk|parted|mkswap|cryptsetup"},
		{Program: "sgdisk", Flags: []string{"-Z", "-z", "-o", "-d", "--zap-all", "--zap", "--clear", "--delete"}},
		{Program: "diskutil", Subcommand: "erase*|partitiondisk"},
		{Program: "lvremove|vgremove|pvremove"},
		{Program: "zfs|zpool", Subcommand: "destroy"},
		{Program: "btrfs", Subcommand: "delete"},
		{Program: "crontab", Flags: []string{"-r"}},
		{Program: "docker|podman|nerdctl", Subcommand: "prune", Paths: []string{"system", "volume", "container"}},
		{Program: "docker|podman|nerdctl", Subcommand: "rm|remove", Paths: []string{"volume"}},
		{Program: "docker|podman|nerdctl", Subcommand: "compose", Paths: []string{"down", "rm"}, Flags: volumes},
		{Program: "docker-compose|podman-compose", Paths: []string{"down", "rm"}, Flags: volumes},
	}
}

// machineCommands stop the machine or what runs on it, or take what it lives by from
// its owners.
func machineCommands() []GuardCommand {
	var roots []string
	for _, root := range []string{"~", "$HOME", "${HOME}", "/bin", "/boot", "/etc", "/home", "/lib", "/root", "/sbin", "/usr", "/var"} {
		roots = append(roots, root, root+"/")
	}
	return []GuardCommand{
		{Program: "chmod|chown|chgrp", Recursive: true, Paths: append(roots, "/", "/.")},
		{Program: "reboot|poweroff|halt|restart-computer|stop-computer"},
		{Program: "shutdown", Flags: []string{"-h", "-r", "-P", "-H", "--halt", "--reboot", "--poweroff"}},
		{Program: "shutdown", Paths: []string{"now", "+*", "*:*", "/s", "/r"}},
		{Program: "systemctl", Subcommand: "reboot|poweroff|halt|kexec|rescue|emergency"},
		{Program: "init|telinit", Subcommand: "0|6"},
		{Program: "kill", Paths: []string{"-1"}},
	}
}

func infrastructureCommands() []GuardCommand {
	return []GuardCommand{
		{Program: "terraform|tofu|terragrunt|pulumi|cdk|cdktf|vagrant", Subcommand: "destroy"},
		{Program: "terraform|tofu|terragrunt", Subcommand: "apply", Flags: []string{"-destroy", "--destroy", "-auto-approve", "--auto-approve"}},
		{Program: "cdktf", Subcommand: "deploy", Flags: []string{"--auto-approve"}},
		{Program: "pulumi", Subcommand: "up|update", Flags: []string{"-y", "--yes"}},
		{Program: "serverless|sls|sst", Subcommand: "remove"},
		{Program: "kubectl|oc|helm", Subcommand: "delete|uninstall"},
		{Program: "helm", Subcommand: "del|un"},
		{Program: "eksctl", Subcommand: "delete"},
		{Program: "aws", Subcommand: "delete-*|terminate-*|purge-*|schedule-key-deletion"},
		{Program: "gcloud|az|doctl|hcloud|openstack|oci|ibmcloud|linode-cli|scw|wrangler|neonctl|supabase", Paths: []string{"delete", "delete-*", "terminate", "purge"}},
		{Program: "fly|flyctl|turso", Paths: []string{"destroy"}},
		{Program: "heroku|netlify|firebase", Subcommand: "*:destroy|*:delete|*:reset"},
		{Program: "vercel", Subcommand: "remove|rm"},
		{Program: "gh|glab", Subcommand: "delete", Paths: []string{"repo", "release", "issue", "gist", "project", "secret"}},
		{Program: "vault", Subcommand: "delete|destroy"},
		{Program: method("terminate_instances", "delete_bucket", "delete_table", "delete_stack", "delete_db_instance", "delete_db_cluster", "delete_namespace")},
	}
}

func pushCommands() []GuardCommand {
	return []GuardCommand{
		{Program: "git", Subcommand: "push", Flags: []string{"-f", "--force", "--force-with-lease", "--mirror", "-d", "--delete", "--prune"}},
		{Program: "git", Subcommand: "push", Paths: []string{"+*", ":*"}},
	}
}

// workCommands lose what is not committed, or the names by which commits are found. Of
// files that are put back only whole trees count: one file is what undoing an edit
// looks like.
func workCommands() []GuardCommand {
	return []GuardCommand{
		{Program: "git", Subcommand: "reset", Flags: []string{"--hard"}},
		{Program: "git", Subcommand: "checkout|restore", Paths: []string{".", "./", ":/", ":"}},
		{Program: "git", Subcommand: "checkout|switch", Flags: []string{"-f", "--force", "--discard-changes"}},
		{Program: "git", Subcommand: "drop|clear", Paths: []string{"stash"}},
		{Program: "git", Subcommand: "branch", Flags: []string{"-D", "-f", "--force"}},
		{Program: "git", Subcommand: "remove", Paths: []string{"worktree"}, Flags: []string{"-f", "--force"}},
		{Program: "git", Subcommand: "expire", Paths: []string{"reflog"}},
		{Program: "git", Subcommand: "update-ref", Flags: []string{"-d", "--delete"}},
		{Program: "git", Subcommand: "filter-branch|filter-repo"},
		{Program: "git-filter-repo|bfg"},
	}
}

func databaseCommands() []GuardCommand {
	return []GuardCommand{
		{Program: "dropdb|dropuser|" + method("dropdatabase", "drop_database", "drop_collection", "drop_all", "flushall", "flushdb")},
		{Program: method("deletemany", "delete_many"), Paths: []string{"({})", "({ })"}},
		{Program: "mysqladmin", Subcommand: "drop"},
		{Program: "redis-cli|valkey-cli", Subcommand: "flushall|flushdb"},
		{Program: "prisma|supabase", Subcommand: "reset"},
		{Program: "prisma", Subcommand: "push", Flags: []string{"--accept-data-loss", "--force-reset"}},
		{Program: "rails|rake", Subcommand: "db:drop|db:drop:*|db:reset|db:purge|db:migrate:reset"},
		{Program: "php", Subcommand: "migrate:fresh|migrate:reset|migrate:refresh|db:wipe"},
		{Program: "python|python3|manage.py|django-admin", Subcommand: "flush|reset_db"},
		{Program: "mix", Subcommand: "ecto.drop|ecto.reset"},
		{Program: "sequelize|sequelize-cli|typeorm", Subcommand: "db:drop|db:migrate:undo:all|schema:drop"},
		{Program: "alembic", Subcommand: "downgrade", Paths: []string{"base"}},
		{Program: "flyway", Subcommand: "clean"},
		{Program: "kafka-topics|kafka-topics.sh", Flags: []string{"--delete"}},
		{Program: "etcdctl", Subcommand: "del", Flags: []string{"--prefix", "--from-key"}},
		{Program: "consul", Subcommand: "delete", Flags: []string{"-recurse"}},
	}
}

func databaseTools() []Guard {
	return []Guard{{
		Name: "database-drop", Tool: "*sql*|*query*|*database*|*db*|*shell*|*bash*|*exec*|*run_*|*command*|*terminal*|*cmd*",
		SQL: []string{SQLDrop, SQLTruncate, SQLDelete, SQLUpdate},
	}}
}

func httpCommands() []GuardCommand {
	return []GuardCommand{
		{Program: "curl|wget|http|https|xh|xhs|invoke-restmethod|irm|invoke-webrequest|iwr", Subcommand: "delete"},
		{Program: "gh|glab", Subcommand: "api", Paths: []string{"DELETE"}},
		{Program: "requests.delete|httpx.delete|axios.delete"},
		{Program: "requests.request|httpx.request|fetch|axios|axios.request", Paths: []string{`*"DELETE"*`, "*'DELETE'*"}},
	}
}

// deletion is what an argument says that picks one of several things to do.
const deletion = RegexpPattern + "(?i)^(delete|destroy|purge)(_.*)?$"

// httpTools are tools that are given the method.
func httpTools() []Guard {
	var rules []Guard
	for _, name := range []string{"method", "http_method", "httpMethod"} {
		rules = append(rules, Guard{Name: "http-delete", Argument: map[string]string{name: deletion}})
	}
	return rules
}

func publishCommands() []GuardCommand {
	return []GuardCommand{
		{Program: "npm|pnpm|yarn|bun|cargo|poetry|uv|hatch|flit|pdm|lerna|vsce|ovsx|gradle|gradlew", Subcommand: "publish"},
		{Program: "npm", Subcommand: "unpublish|deprecate"},
		{Program: "cargo|gem", Subcommand: "yank"},
		{Program: "gem", Subcommand: "push"},
		{Program: "twine", Subcommand: "upload"},
		{Program: "dotnet|nuget", Subcommand: "push"},
		{Program: "mvn|mvnw", Paths: []string{"deploy", "release:perform"}},
		{Program: "gh|glab", Subcommand: "create", Paths: []string{"release"}},
	}
}

// builtInTools are rules over the names of tools, as MCP servers and agents have them.
func builtInTools() []Guard {
	reads := reading()
	return []Guard{
		{
			Name: "delete-tool", Tool: "delete|delete_*|*_delete|*_delete_*|remove|remove_*|*_remove|*_remove_*|destroy|destroy_*|*_destroy|*_destroy_*|drop_*|*_drop_*|" +
				"purge|purge_*|*_purge|*_purge_*|wipe|wipe_*|*_wipe|*_wipe_*|erase_*|*_erase_*|trash_*|*_trash|*_trash_*|uninstall_*|*_uninstall|*_uninstall_*|" +
				"terminate_instance*|*_terminate_instance*|reset_branch|*_reset_branch|rm|*_rm|unlink|deleteFile*|deleteRe*",
			except: reads + "|*remove_reaction*|*remove_label*|*remove_background*",
		},
		{Name: "delete-tool", Argument: map[string]string{"action": deletion}},
		{Name: "delete-tool", Argument: map[string]string{"operation": deletion}},
		{Name: "delete-tool", Tool: "memory", Argument: map[string]string{"command": "delete"}},
		{Name: "patch-delete", Tool: "*patch*", Argument: map[string]string{"type": "delete_file"}},
		{Name: "patch-delete", Tool: "*patch*", Argument: map[string]string{"operation.type": "delete_file"}},
		{
			Name: "payment-tool", Tool: "*payment*|pay_*|*_pay|*_pay_*|*refund*|*transfer_money*|*transfer_funds*|*wire_transfer*|*send_money*|*payout*|charge_*|*_create_charge*|*purchase*|" +
				"*place_order*|*submit_order*|*execute_trade*|*place_trade*|buy_*|sell_*|*send_transaction*|*create_subscription*|*cancel_subscription*|*finalize_invoice*|*send_invoice*",
			except: reads,
		},
		{
			Name: "mail-tool", Tool: "*send_mail*|*send_email*|*send_message*|*sendMail*|*sendEmail*|*mail_send*|*email_send*|*gmail_send*|*send_gmail*|*reply_to_email*|*forward_email*|*send_draft*|" +
				"*send_broadcast*|*schedule_message*|*post_message*|*reply_to_thread*|conversations_add_message|*send_sms*|*send_dm*|*send_direct_message*",
			except: reads,
		},
		{
			Name: "publish", Tool: "publish|publish_*|*_publish|*_publish_*|unpublish_*|*_unpublish_*|*post_tweet*|*create_tweet*|*create_release",
			except: reads,
		},
	}
}

// reading fits tools whose names begin with a word for looking, behind that of their
// server too: list_payment_intents, mcp__files__get_delete_log.
func reading() string {
	var patterns []string
	for _, verb := range []string{"get", "list", "search", "find", "fetch", "read", "retrieve", "describe", "count", "view", "show", "check", "preview", "draft"} {
		patterns = append(patterns, verb+"_*", "*__"+verb+"_*", "stripe_"+verb+"_*", "paypal_"+verb+"_*")
	}
	return strings.Join(patterns, "|")
}
