git commit -F - <<'EOF'
$(x) `y`
EOF
git push