package guard_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"hotmess/config"
	"hotmess/wire"
)

// TestThePageListsTheBuiltInRules: by their names, each once.
func TestThePageListsTheBuiltInRules(t *testing.T) {
	page, err := os.ReadFile("../docs/guard.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| built-in rule |")
	table, _, _ = strings.Cut(table, "\n\n")
	var listed, built []string
	for line := range strings.Lines(table) {
		if row, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(row, "`")
			listed = append(listed, name)
		}
	}
	for _, g := range config.Default().GuardRules() {
		if g.Holds() {
			t.Errorf("%s holds", g.Name)
		}
		built = append(built, g.Name)
	}
	slices.Sort(listed)
	slices.Sort(built)
	if built = slices.Compact(built); !slices.Equal(listed, built) {
		t.Errorf("the page lists %q, built in are %q", listed, built)
	}
}

// TestBuiltInRulesKnowWhatAgentsDo: each with what looks like it and is undone with
// little effort, or does nothing.
func TestBuiltInRulesKnowWhatAgentsDo(t *testing.T) {
	for rule, commands := range map[string][]string{
		"delete-tree": {
			"find . -name '*.orig' -exec rm {} +", "find . -type f -exec rm -f {} \\;", "git ls-files -o | xargs rm", "find . -print0 | xargs -0 rm -f --",
			"ls *.bak | xargs -n 1 rm", "ls | xargs -I{} rm {}", "fd -e log -x rm", "ls | parallel rm", "find /tmp -name 'x*' -exec sh -c 'rm $1' _ {} \\;",
			"aws --profile prod s3 rm s3://b/p --recursive", "aws s3 rb s3://b --force", "aws s3 sync . s3://b --delete", "gcloud storage rm -r gs://b",
			"gsutil -m rm -r gs://b/p", "rclone purge remote:b", "hdfs dfs -rm -r /data",
		},
		"destroy-data": {
			"docker system prune -af --volumes", "docker volume rm app_db", "docker volume prune -f", "docker --context prod volume rm x",
			"docker compose down -v", "docker compose -f dev.yml down --volumes", "docker-compose down -v --remove-orphans", "sudo docker compose -p app down -v",
			"podman system prune -a", "truncate -s 0 /var/log/app.log", "shred -u key.pem", "dd if=/dev/urandom of=/dev/sdb bs=1M", "mkfs.xfs /dev/nvme1n1",
			"wipefs -a /dev/sdb", "crontab -r", "crontab -u app -r", "zfs destroy tank/data", "lvremove -f vg/lv", "diskutil eraseDisk APFS x disk2",
		},
		"break-machine": {
			"chmod -R 777 /", "sudo chown -R app:app ~", "chmod -R a+rw $HOME", "chown -R 1000 /etc/", "chgrp --recursive staff /usr",
			"sudo reboot", "sudo shutdown -h now", "shutdown -r +5", "systemctl reboot", "init 0", "kill -9 -1", "kill -KILL -1", "kill -s 9 -1", "kill -- -1",
			"docker exec app reboot", "ssh web1 sudo reboot", "powershell -c Restart-Computer", "cmd /c \"shutdown /r /t 0\"",
		},
		"destroy-infrastructure": {
			"terraform -chdir=prod destroy", "terraform apply -auto-approve", "terraform apply -destroy", "tofu apply --auto-approve plan", "terragrunt run-all destroy",
			"pulumi destroy --yes", "pulumi up -y", "cdk destroy --force", "kubectl delete namespace prod", "kubectl -n prod delete all --all", "kubectl delete -f app.yaml",
			"helm uninstall web -n prod", "helm del web", "aws ec2 terminate-instances --instance-ids i-1", "aws --region eu-west-1 rds delete-db-instance --db-instance-identifier x",
			"aws sqs purge-queue --queue-url q", "gcloud compute instances delete vm-1 --quiet", "gcloud projects delete p", "az group delete -n rg --yes",
			"az storage account delete -n s", "doctl compute droplet delete 1 -f", "fly apps destroy app", "heroku apps:destroy --app a", "heroku pg:reset DATABASE",
			"gh repo delete me/x --yes", "gh release delete v1.0.0", "gh -R me/x release delete v1", "vault kv delete secret/x", "supabase projects delete abc",
			"python -c \"import boto3; boto3.client('ec2').terminate_instances(InstanceIds=ids)\"",
		},
		"force-push": {
			"git push --delete origin old", "git push -d origin old", "git push origin :old", "git push --mirror backup", "git push --prune origin", "git push origin +HEAD:main",
		},
		"discard-work": {
			"git reset --hard", "git checkout -- .", "git checkout .", "git checkout HEAD -- .", "git restore .", "git restore --source=HEAD~1 :/", "git restore -SW .",
			"git checkout -f main", "git switch --discard-changes main", "git stash drop", "git stash drop 'stash@{0}'", "git stash clear", "git branch -D topic",
			"git branch --delete --force topic", "git filter-branch --tree-filter 'true' HEAD", "git filter-repo --path x", "git worktree remove --force ../x",
			"git reflog expire --expire=now --all", "git -C repo branch -D topic",
		},
		"database-drop": {
			"redis-cli FLUSHALL", "redis-cli -n 2 FLUSHDB", "mongosh prod --eval 'db.dropDatabase()'", "mongosh --eval 'db.users.deleteMany({})'", "dropdb -h db prod",
			"psql -c 'UPDATE users SET admin = true'", "psql -c 'ALTER TABLE users DROP COLUMN email'", "sqlite3 app.db 'DELETE FROM sessions'", "mysql -e 'TRUNCATE TABLE logs'",
			"npx prisma migrate reset --force", "npx prisma db push --accept-data-loss", "bundle exec rails db:drop", "bin/rails db:reset", "php artisan migrate:fresh --seed",
			"python manage.py flush --no-input", "poetry run python manage.py flush", "mix ecto.drop", "supabase db reset", "alembic downgrade base", "etcdctl del --prefix /app",
		},
		"http-delete": {
			"curl -X DELETE https://api.example.com/v1/users/7", "curl -sS -XDELETE https://x/y", "curl --request DELETE https://x/y", "curl --request=DELETE https://x/y",
			"curl -sXDELETE -H 'Authorization: Bearer t' https://x/y", "curl https://x/y -o /dev/null -X delete", "http DELETE https://x/y", "xh delete https://x/y",
			"wget --method=DELETE https://x/y", "gh api -X DELETE repos/me/x", "gh api repos/me/x --method DELETE", "powershell -c \"Invoke-RestMethod -Method Delete -Uri https://x\"",
			"python -c \"import requests; requests.delete('https://x/y')\"", "node -e \"fetch('https://x/y', {method: 'DELETE'})\"",
			"for i in 1 2; do curl -X DELETE https://x/$i; done",
		},
		"publish": {
			"npm publish --access public", "pnpm publish", "yarn npm publish", "cargo publish", "cargo yank --version 1.0.1", "twine upload dist/*", "python -m twine upload dist/*",
			"poetry publish --build", "uv publish", "gem push x.gem", "npm unpublish x@1", "gh release create v1.0.0", "mvn clean deploy", "npm --prefix pkg publish",
		},
		"patch-delete": {
			"apply_patch <<'EOF'\n*** Begin Patch\n*** Delete File: src/a.go\n*** End Patch\nEOF",
			"git apply <<'EOF'\ndiff --git a/x.go b/x.go\ndeleted file mode 100644\n--- a/x.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\nEOF",
			"patch -p1 <<'EOF'\n--- a/x.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\nEOF",
		},
		"": {
			"git branch -d topic", "git branch -a", "git branch -m old new", "git branch --format='%(refname)' --list 'D*'", "git push -u origin topic", "git push --tags",
			"git push -n --force", "git checkout -b topic", "git checkout main", "git checkout -- src/a.go", "git restore src/a.go", "git restore --staged .", "git switch -c x",
			"git stash", "git stash pop", "git stash list", "git commit -m 'rm -rf'", "git commit -m 'drop table users; git reset --hard'", "git log --grep='reset --hard'",
			"git reset HEAD~1", "git reset --soft HEAD~1", "git clean -ndx", "git rm --cached x", "git worktree remove ../x", "git reflog", "git diff -- .", "git add .",
			"docker ps", "docker system df", "docker volume ls", "docker compose down", "docker compose up -d", "docker rm -f web", "docker images", "docker compose logs shutdown",
			"docker run -v $PWD:/w alpine ls", "docker logs mail", "docker restart reboot", "kubectl get pods", "kubectl get pods --field-selector metadata.name=delete",
			"kubectl logs deploy/mail", "kubectl rollout restart deploy/shred", "kubectl apply -f delete.yaml", "kubectl describe ns delete-me", "helm list", "helm upgrade web .",
			"terraform plan -destroy", "terraform plan", "terraform apply", "terraform apply tf.plan", "terraform state list", "pulumi preview", "pulumi up",
			"aws s3 ls", "aws s3 rm s3://b/one-key", "aws s3 cp a s3://b/a", "aws ec2 describe-instances", "aws s3 sync . s3://b", "aws ec2 terminate-instances --dry-run --instance-ids i-1",
			"gcloud compute instances list", "az group list", "gh repo view", "gh pr create --title 'delete repo'", "gh release list", "gh api repos/me/x", "gh api -X POST repos/me/x/issues",
			"grep -r delete .", "grep -rn 'DROP TABLE' migrations", "echo 'DROP TABLE users'", "echo 'curl -X DELETE https://x'", "rg 'terraform destroy'", "cat delete.sql",
			"sudo grep shutdown /var/log/syslog", "sudo apt-get install -y mailutils", "sudo apt install mutt", "ssh web1 last reboot", "ssh -p 22 web1 grep -c reboot /var/log/messages",
			"watch last reboot", "timeout 5 grep -r shred .", "last reboot | head", "journalctl | grep -i reboot", "man shutdown", "command -v reboot", "which mkfs", "shutdown -c", "systemctl status reboot.target",
			"systemctl restart web", "ls | xargs grep rm", "ls | xargs -n 1 echo rm", "find . -name rm", "find . -name '*.go' -exec grep -l rm {} +", "find . -exec ls {} \\;",
			"curl https://x/delete", "curl -X POST https://x/delete", "curl -d 'method=DELETE' https://x", "curl -H 'X-HTTP-Method: DELETE' https://x", "curl -sSfL https://x -o DELETE.txt",
			"wget https://x/DELETE", "http GET https://x/delete", "http https://x/delete", "node -e \"fetch('https://x', {method: 'POST'})\"",
			"python -c \"import requests; requests.get('https://x/delete')\"", "redis-cli KEYS 'flush*'", "psql -c 'UPDATE users SET admin = true WHERE id = 1'",
			"psql -c 'ALTER TABLE users ADD COLUMN email text'", "psql -c 'ALTER TABLE t ALTER COLUMN c DROP NOT NULL'", "psql -c 'ALTER TABLE t DROP CONSTRAINT c'", "psql -c '\\dt'",
			"mongosh --eval 'db.users.find()'", "mongosh --eval 'db.users.deleteMany({done: true})'", "npx prisma migrate dev", "npx prisma generate", "rails db:migrate", "php artisan migrate",
			"python manage.py migrate", "python flush.py", "npm install", "npm pack", "npm publish --dry-run", "cargo publish -n", "npm run build", "npm view x version", "twine check dist/*",
			"gem build x", "cargo build", "crontab -l", "crontab new.txt", "kill -9 4711", "kill -1 4711", "kill %1", "chmod -R u+w build", "chown -R app:app /srv/app", "chmod 600 ~/.ssh/id",
			"chmod +x /usr/local/bin/x", "poetry add requests", "poetry add mail", "pipenv install shred", "npx --help", "truncate --help", "mkfs.ext4 --help",
			"apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a.go\n@@\n-*** Delete File: b\n+x\n*** End Patch\nEOF",
			"cat > a.patch <<'EOF'\n*** Begin Patch\n*** Delete File: a\n*** End Patch\nEOF", "git commit -F - <<'EOF'\n*** Delete File: a\nEOF", "vault kv get secret/delete",
		},
	} {
		for _, command := range commands {
			if got := matched(t, builtIn(), bash(command)); got != rule {
				t.Errorf("%s: %q, want %q", command, got, rule)
			}
		}
	}
}

// TestBuiltInRulesKnowTheToolsOfServersAndAgents: names as servers for GitHub, file
// systems, Stripe, Slack, Gmail, Notion, Linear, Cloudflare, Neon and others have them,
// with what their clients put in front.
func TestBuiltInRulesKnowTheToolsOfServersAndAgents(t *testing.T) {
	for rule, tools := range map[string][]string{
		"delete-tool": {
			"delete_file", "delete_repository", "mcp__github__delete_file", "delete_workflow_run_logs", "API-delete-a-block", "linear_deleteIssue", "delete_comment", "d1_database_delete",
			"r2_bucket_delete", "pods_delete", "kubectl_delete", "helm_uninstall", "uninstall_helm_chart", "drop-collection", "delete-many", "delete_branch", "reset_branch",
			"batch_delete_emails", "move_to_trash", "jira_delete_issue", "remove_container", "mcp_fs_remove_directory", "delete",
		},
		"payment-tool": {
			"create_refund", "mcp_stripe_agent-_create_refund", "create_payment_link", "cancel_subscription", "finalize_invoice", "send_invoice", "pay_order", "create_payment", "place_order",
			"coinbase_send_transaction", "buy_stock", "stripe_create_payment_intent",
		},
		"mail-tool": {
			"send_email", "send-email", "GMAIL_SEND_EMAIL", "send_gmail_message", "slack_post_message", "slack_send_message", "slack_reply_to_thread", "conversations_add_message",
			"send_sms", "discord_send_message", "sendMail",
		},
		"publish": {"publish_post", "wp_publish_page", "create_release", "post_tweet", "npm_publish"},
		"": {
			"list_payment_intents", "mcp_stripe_agent-_list_payment_intents", "stripe_list_refunds", "get_refund", "mcp__stripe__list_refunds", "search_files", "read_file", "write_file",
			"list_directory", "move_file", "create_or_update_file", "list_deleted_files", "get_delete_status", "undelete_file", "browser_click", "browser_navigate", "browser_drag", "drag_and_drop",
			"create_issue", "update_issue", "notion-update-page", "slack_get_channel_history", "draft_email", "list_messages", "get_send_message_status", "remove_reaction",
			"list_releases", "get_latest_release", "resolve-library-id", "git_checkout", "execute_sql", "retrieve_balance", "describe_payment",
		},
	} {
		for _, tool := range tools {
			if got := matched(t, builtIn(), wire.Call{Name: tool, Arguments: `{"id":"7"}`}); got != rule {
				t.Errorf("%s: %q, want %q", tool, got, rule)
			}
		}
	}
}

func TestBuiltInRulesKnowTheArgumentsThatDelete(t *testing.T) {
	patch := func(lines string) string {
		b, _ := json.Marshal(map[string]string{"input": "*** Begin Patch\n" + lines + "*** End Patch\n"})
		return string(b)
	}
	for _, tt := range []struct{ tool, arguments, rule string }{
		{"http_request", `{"method":"DELETE","url":"https://x/y"}`, "http-delete"},
		{"api", `{"method":"delete","path":"/users/7"}`, "http-delete"},
		{"fetch", `{"httpMethod":"DELETE"}`, "http-delete"},
		{"http_request", `{"method":"GET","url":"https://x/delete"}`, ""},
		{"http_request", `{"method":"POST","body":"DELETE"}`, ""},
		{"gh_manage_repos", `{"operation":"delete_repository"}`, "delete-tool"},
		{"manage_event", `{"action":"delete","event_id":"e"}`, "delete-tool"},
		{"manage_event", `{"action":"create","title":"delete"}`, ""},
		{"track", `{"action":"deleted"}`, ""},
		{"memory", `{"command":"delete","path":"/memories/a"}`, "delete-tool"},
		{"memory", `{"command":"view","path":"/memories/a"}`, ""},
		{"apply_patch", patch("*** Delete File: a.go\n"), "patch-delete"},
		{"apply_patch", "*** Begin Patch\n*** Delete File: a.go\n*** End Patch", "patch-delete"},
		{"apply_patch", `{"type":"delete_file","path":"a.go"}`, "patch-delete"},
		{"patch", `{"diff":"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"}`, "patch-delete"},
		{"shell", `{"command":["apply_patch","*** Begin Patch\n*** Delete File: a\n*** End Patch"]}`, "patch-delete"},
		{"apply_patch", patch("*** Update File: a.go\n@@\n-x\n+*** Delete File: b\n"), ""},
		{"apply_patch", `{"type":"update_file","path":"a.go"}`, ""},
		{"write_file", `{"path":"x.patch","content":"*** Begin Patch\n*** Delete File: a\n*** End Patch"}`, ""},
		{"run_query", `{"sql":"UPDATE users SET name = 'x'"}`, "database-drop"},
		{"run_query", `{"sql":"UPDATE users SET name = 'x' WHERE id = 7"}`, ""},
		{"run_query", `{"sql":"UPDATE users AS u SET u.name = 'x'"}`, "database-drop"},
		{"run_query", `{"sql":"UPDATE users u SET name = 'x'"}`, "database-drop"},
		{"run_terminal_cmd", `{"command":"make","explanation":"Update env set A = 5"}`, ""},
		{"run_in_terminal", `{"command":"ls","goal":"Delete from the list what is old"}`, ""},
		{"run_in_terminal", `{"command":"make","note":"Update the config to set timeout = 30"}`, ""},
		{"run_query", `{"sql":"ALTER TABLE users DROP email"}`, "database-drop"},
		{"run_query", `{"sql":"ALTER TABLE users DROP CONSTRAINT c"}`, ""},
		{"run_query", `{"sql":"DELETE FROM users WHERE 1"}`, "database-drop"},
	} {
		if got := matched(t, builtIn(), wire.Call{Name: tt.tool, Arguments: tt.arguments}); got != tt.rule {
			t.Errorf("%s %s: %q, want %q", tt.tool, tt.arguments, got, tt.rule)
		}
	}
}
