git commit -F - <<-EOF | git am
	$(git log) ${x:-`git show`}
	EOF