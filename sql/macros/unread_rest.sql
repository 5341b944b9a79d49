-- What follows in a line where reading stopped, by the beginnings of the texts of its kind
create or replace macro unread_rest(line, beginnings) as
    substr(
        line,
        1 + coalesce(
            list_max(
                list_transform(
                    beginnings,
                    lambda beginning: length(
                        regexp_extract(
                            line,
                            '^.*?(?:: (?:[0-9A-Za-z]{6,40}: )?|\. | - (?:\[.*?\] )?'
                            || '|"MESSAGE" ?: ?")(?:' || beginning || ')'
                        )
                    )
                )
            ),
            0
        )
    );
