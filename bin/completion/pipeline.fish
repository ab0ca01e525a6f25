# Completes pipeline in fish: pipeline completion fish > ~/.config/fish/completions/pipeline.fish, once.
function __pipeline_complete
  set -l words (commandline -opc)
  set -l typed (commandline -ct)
  set -l lines ($words[1] complete -- $words[2..-1] "$typed" 2> /dev/null)
  string join \n -- $lines[2..-1]
  set -l start (string match -r '^.*=' -- $typed)
  set -l path (string replace -r '^.*=' '' -- $typed)
  switch "$lines[1]"
    case files
      string join \n -- "$start"(__fish_complete_path "$path")
    case folders
      string join \n -- "$start"(__fish_complete_directories "$path")
  end
end
complete -c pipeline -f -a '(__pipeline_complete)'
